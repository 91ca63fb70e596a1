#pragma once

#include <lrpp/framework/tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// An operand as it lay in memory.
struct Operand {
  std::vector<int64_t> sizes, strides;
  at::ScalarType dtype = at::kFloat;
  friend bool operator==(const Operand&, const Operand&) = default;

  static Operand of(const Tensor& t) { return {t.sizes().vec(), t.strides().vec(), t.scalar_type()}; }
  /// Random numbers in the same layout.
  Tensor random(const at::Device& device) const;
};

/// How torch.nn.functional.conv2d's arguments are named, for any number of dimensions.
struct ConvolutionArguments {
  std::vector<int64_t> stride, padding, dilation;
  bool transposed = false;
  std::vector<int64_t> output_padding;
  int64_t groups = 1;
  friend bool operator==(const ConvolutionArguments&, const ConvolutionArguments&) = default;
};

/// A product of matrices (one, a batch, or matrix and vector), or a convolution: its operands, and how often
/// it was computed.
struct Product {
  Operand a, b;                                     ///< of a convolution data and weights
  std::optional<ConvolutionArguments> convolution;  ///< none for a product of matrices
  int64_t calls = 1;

  /// Floating-point operations of one call, a multiplication and an addition each counted: 2 m k n.
  double flops() const;
};

/// What an operation of LibTorch multiplies, by its name ("aten::addmm") and arguments; nothing for one that
/// is no product.
std::optional<Product> find_product(std::string_view operation, c10::ArrayRef<const c10::IValue> arguments);

/// Adds to a list in which equal products stand once.
void add_product(std::vector<Product>& products, const Product& product);

/// Milliseconds for these products and nothing else, with random operands: for each the median of `repeat`
/// rounds of its calls.
double products_alone_ms(const std::vector<Product>& products, const at::Device& device, int64_t repeat);

}  // namespace lrpp
