#include <ATen/ExpandUtils.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/framework/rows.h>

namespace lrpp::ops {
namespace {

/// The index of tokens of each example: position [B P] may be on the CPU.
c10::List<std::optional<Tensor>> chosen(const Tensor& position, int64_t examples, at::Device device) {
  const Tensor there = to_device(position, device);
  return {entry_of_rows("select_token", position.size(0), examples, device), there};
}

}  // namespace

Tensors Wiring::filled(const Kept& kept, const Tensors& grad_outputs) const {
  Tensors all;
  for (int i = 0; i < num_outputs(); ++i) {
    const Tensor& g = grad_outputs.at(static_cast<size_t>(i));
    all.push_back(g.defined() ? g : at::zeros(kept.output_meta(i).sizes, kept.output_meta(i).options));
  }
  return all;
}

Tensors Add::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  return {at::sum_to(g, kept.input_meta(0).sizes), at::sum_to(g, kept.input_meta(1).sizes)};
}

Split::Split(SplitAttributes attributes) : attributes_(std::move(attributes)) {
  require(!attributes_.sizes.empty(), "split", "sizes must not be empty");
}

std::optional<std::vector<int>> Split::picks_through(int dim) const {
  if (attributes_.dim == dim || attributes_.dim < -1) return std::nullopt;
  return {{dim}};
}

Tensors Split::forward(const Tensors& inputs) const {
  return at::split_with_sizes(inputs.at(0), attributes_.sizes, attributes_.dim);
}

Tensors Split::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {at::cat(filled(kept, grad_outputs), attributes_.dim)};
}

Tensors SelectToken::forward(const Tensors& inputs) const {
  const Tensor &hidden = inputs.at(0), &position = inputs.at(1);
  const int64_t tokens = hidden.size(1);
  const int64_t low = position.min().item<int64_t>(), high = position.max().item<int64_t>();
  require(low >= 0 && high < tokens, "select_token", "position must lie in [0, {}); got {}", tokens,
          low < 0 ? low : high);
  return {hidden.index(chosen(position, hidden.size(0), hidden.device()))};
}

Tensors SelectToken::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  Tensor result = at::zeros(kept.input_meta(0).sizes, g.options());
  result.index_put_(chosen(kept.input(1), result.size(0), g.device()), g);
  return {result, {}};
}

Cast::Cast(CastAttributes attributes)
    : attributes_(std::move(attributes)), dtype_(dtype_from_name(attributes_.dtype)) {}

Tensors Cast::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0).to(kept.input_meta(0).options)};
}

}  // namespace lrpp::ops
