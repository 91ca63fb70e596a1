// Of a build without CUDA, or with a LibTorch that has no float16 product with a float32 result.
#include <lrpp/framework/cuda/half_products.h>
#include <lrpp/framework/error.h>

namespace lrpp::cuda {

bool has_half_products() { return false; }
bool is_faster_from_parts(int64_t, int64_t, int64_t) { return false; }
Tensor product_from_parts(const Tensor&, const Tensor&, WeightIs, const Tensor&, bool) {
  LRPP_ASSERT(false, "a product that is never faster was asked for");
  return {};
}
void free_kept_parts() {}

}  // namespace lrpp::cuda
