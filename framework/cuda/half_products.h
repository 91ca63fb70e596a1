#pragma once

#include <lrpp/framework/cuda/float32_products.h>

/// Products of float32 matrices from products of their float16 parts; see float32_products.h. A build
/// without CUDA has none.
namespace lrpp::cuda {

bool has_half_products();

/// Whether rows x inner by inner x outputs is faster so than as cuBLAS's float32 product.
bool is_faster_from_parts(int64_t rows, int64_t inner, int64_t outputs);

/// x [..., inner], the weight [O, I], a bias or none.
Tensor product_from_parts(const Tensor& x, const Tensor& weight, WeightIs how, const Tensor& bias,
                          bool lasting);

/// Frees the parts of weights that were kept.
void free_kept_parts();

}  // namespace lrpp::cuda
