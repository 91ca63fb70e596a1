#include <c10/core/GradMode.h>
#include <lrpp/framework/cuda/float32_products.h>
#include <lrpp/framework/cuda/half_products.h>
#include <lrpp/framework/error.h>

#include <algorithm>
#include <atomic>

namespace lrpp {
namespace {

std::atomic<Float32Products> setting{Float32Products::cublas};

bool records_gradient(const Tensor& t) {
  return t.defined() && c10::GradMode::is_enabled() && t.requires_grad();
}

/// Whether the tensor can go into a product with x; one that is not there can.
bool is_float_beside(const Tensor& t, const Tensor& x) {
  return !t.defined() || (t.scalar_type() == at::kFloat && t.device() == x.device());
}

}  // namespace

void set_float32_products(Float32Products how) {
  require(how == Float32Products::cublas || cuda::has_half_products(), "fp16x3",
          "this build has no products of float16 parts, which need CUDA and LibTorch 2.8 or later; leave it "
          "out");
  setting = how;
  if (how == Float32Products::cublas) cuda::free_kept_parts();
}

Float32Products float32_products() { return setting; }

std::optional<Tensor> fp16x3_product(const Tensor& x, const Tensor& weight, WeightIs how, const Tensor& bias,
                                     bool lasting) {
  if (setting != Float32Products::fp16x3 || !x.is_cuda()) return std::nullopt;
  if (x.scalar_type() != at::kFloat || !is_float_beside(weight, x) || !is_float_beside(bias, x))
    return std::nullopt;
  if (records_gradient(x) || records_gradient(weight) || records_gradient(bias)) return std::nullopt;
  const int64_t inner = weight.size(how == WeightIs::transposed ? 1 : 0),
                outputs = weight.size(how == WeightIs::transposed ? 0 : 1);
  // What does not fit together is for LibTorch to refuse.
  if (x.dim() < 2 || x.size(-1) != inner || (bias.defined() && bias.sizes() != at::IntArrayRef{outputs}))
    return std::nullopt;
  if (!cuda::is_faster_from_parts(x.numel() / std::max<int64_t>(inner, 1), inner, outputs))
    return std::nullopt;
  return cuda::product_from_parts(x, weight, how, bias, lasting);
}

}  // namespace lrpp
