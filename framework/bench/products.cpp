#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <c10/util/accumulate.h>
#include <lrpp/framework/bench/products.h>
#include <lrpp/framework/bench/timing.h>

#include <algorithm>

namespace lrpp {

Tensor Operand::random(const at::Device& device) const {
  int64_t extent = 1;
  for (size_t d = 0; d < sizes.size(); ++d) extent += std::max<int64_t>(sizes[d] - 1, 0) * strides[d];
  return at::randn({extent}, at::TensorOptions(dtype).device(device)).as_strided(sizes, strides);
}

double Product::flops() const {
  const auto elements = [](const Operand& o) { return static_cast<double>(c10::multiply_integers(o.sizes)); };
  if (!convolution) return 2 * elements(a) * (b.sizes.size() < 2 ? 1.0 : static_cast<double>(b.sizes.back()));
  // Each weight of one output channel (transposed: input channel) meets each position there.
  const double of_a_channel = elements(b) / static_cast<double>(b.sizes.at(0));
  if (convolution->transposed) return 2 * elements(a) * of_a_channel;
  double outputs = static_cast<double>(a.sizes.at(0) * b.sizes.at(0));
  for (size_t d = 2; d < a.sizes.size(); ++d) {
    const ConvolutionArguments& c = *convolution;
    const int64_t reach = c.dilation[d - 2] * (b.sizes[d] - 1) + 1;
    outputs *= static_cast<double>((a.sizes[d] + 2 * c.padding[d - 2] - reach) / c.stride[d - 2] + 1);
  }
  return 2 * outputs * of_a_channel;
}

std::optional<Product> find_product(std::string_view operation, c10::ArrayRef<const c10::IValue> arguments) {
  const auto pair = [&](size_t first) {
    return Product{
        Operand::of(arguments[first].toTensor()), Operand::of(arguments[first + 1].toTensor()), {}, 1};
  };
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), operation) != names.end();
  };
  if (is_one_of({"aten::mm", "aten::bmm", "aten::mv", "aten::dot"})) return pair(0);
  if (is_one_of({"aten::addmm", "aten::addmm_", "aten::baddbmm", "aten::baddbmm_", "aten::addmv",
                 "aten::addmv_", "aten::_addmm_activation"}))
    return pair(1);
  if (operation != "aten::convolution") return std::nullopt;
  // input, weight, bias, stride, padding, dilation, transposed, output_padding, groups
  Product product = pair(0);
  product.convolution =
      ConvolutionArguments{arguments[3].toIntVector(), arguments[4].toIntVector(), arguments[5].toIntVector(),
                           arguments[6].toBool(),      arguments[7].toIntVector(), arguments[8].toInt()};
  return product;
}

void add_product(std::vector<Product>& products, const Product& product) {
  const auto same = std::find_if(products.begin(), products.end(), [&](const Product& p) {
    return p.a == product.a && p.b == product.b && p.convolution == product.convolution;
  });
  if (same == products.end()) {
    products.push_back(product);
  } else {
    same->calls += product.calls;
  }
}

double products_alone_ms(const std::vector<Product>& products, const at::Device& device, int64_t repeat) {
  const c10::NoGradGuard no_grad;
  double total = 0;
  for (const Product& p : products) {
    const Tensor a = p.a.random(device), b = p.b.random(device);
    const auto once = [&] {
      if (!p.convolution) return at::matmul(a, b);
      const ConvolutionArguments& c = *p.convolution;
      return at::convolution(a, b, {}, c.stride, c.padding, c.dilation, c.transposed, c.output_padding,
                             c.groups);
    };
    once();
    total += time_runs(device, 0, repeat, [&] {
               for (int64_t i = 0; i < p.calls; ++i) once();
             }).median_ms;
  }
  return total;
}

}  // namespace lrpp
