#pragma once

#include <lrpp/framework/tensor.h>

#include <optional>

namespace lrpp {

/// How a CUDA device multiplies float32 matrices by weights.
///   cublas: as LibTorch does, in float32 (or TF32, where LibTorch is told so)
///   bf16x6: each number as a sum of three bfloat16 numbers, which hold all its 24 bits, and the six larger
///   of
///     the nine products of parts summed in float32: on the matrix units, so faster, and about as exact.
///     Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for
///     higher-precision computations", arXiv:1904.06376; XLA calls it BF16_BF16_F32_X6. An infinite number
///     makes the sums that it is in NaN, where float32 may give an infinity.
enum class Float32Products { cublas, bf16x6 };

/// A setting of the process, read at each product; cublas at first. Leaving bf16x6 frees the parts of weights
/// that were kept. Throws UserError where the build lacks bf16x6: without CUDA, or with a LibTorch
/// before 2.8.
void set_float32_products(Float32Products how);
Float32Products float32_products();

/// transposed: x W^T, from x [..., I] to [..., O], as a layer goes forward. plain: m W, back from [..., O].
enum class WeightIs { transposed, plain };

/// The product by bf16x6 of x and a weight [O, I], or nothing where it is LibTorch's: under the setting
/// cublas, off CUDA devices, of another dtype, with gradients recorded, and of sizes at which it would not be
/// faster. `lasting`: the weight is a model's own, so that its parts may be kept for the next product.
std::optional<Tensor> bf16x6_product(const Tensor& x, const Tensor& weight, WeightIs how, bool lasting);

}  // namespace lrpp
