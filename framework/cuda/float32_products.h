#pragma once

#include <lrpp/framework/tensor.h>

#include <optional>

namespace lrpp {

/// How a CUDA device multiplies float32 matrices by weights.
///   cublas: as LibTorch does, in float32 (or TF32, where LibTorch is told so)
///   fp16x3: each row times a power of two, each number of it as a sum of two float16 numbers, and the three
///     larger of the four products of parts summed in float32: on the matrix units, so faster, and about as
///     exact. Ootomo and Yokota, "Recovering single precision accuracy from Tensor Cores while surpassing the
///     FP32 theoretical peak performance", arXiv:2203.03341, with rows scaled in place of the low parts. What
///     is lost is in cuda/half_parts.h: least where a row's numbers lie within 2^16 of each other. An
///     infinite number makes the sums that it is in NaN, where float32 may give an infinity.
enum class Float32Products { cublas, fp16x3 };

/// A setting of the process, read at each product; cublas at first. Leaving fp16x3 frees the parts of weights
/// that were kept. Throws UserError where the build lacks fp16x3: without CUDA, or with a LibTorch
/// before 2.8.
void set_float32_products(Float32Products how);
Float32Products float32_products();

/// transposed: x W^T, from x [..., I] to [..., O], as a layer goes forward. plain: m W, back from [..., O].
enum class WeightIs { transposed, plain };

/// The product by fp16x3 of x and a weight [O, I], plus a bias if there is one, or nothing where it is
/// LibTorch's: under the setting cublas, off CUDA devices, of another dtype, with gradients recorded, and of
/// sizes at which it would not be faster. `lasting`: the weight is a model's own, so that its parts may be
/// kept for the next product.
std::optional<Tensor> fp16x3_product(const Tensor& x, const Tensor& weight, WeightIs how, const Tensor& bias,
                                     bool lasting);

}  // namespace lrpp
