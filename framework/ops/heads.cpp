#include <lrpp/framework/ops/heads.h>

namespace lrpp::ops {
namespace {

/// Products of heads take the heads of a whole batch as one batch of matrices, which a view is for one
/// example only; for more, one copy here saves one in each product.
Tensor cut(const Tensor& x, int64_t heads) {
  const Tensor view = x.unflatten(2, {heads, -1}).transpose(1, 2);
  return x.size(0) == 1 ? view : view.contiguous();
}
Tensor join(const Tensor& x) { return x.transpose(1, 2).flatten(2); }

}  // namespace

SplitHeads::SplitHeads(SplitHeadsAttributes attributes) : attributes_(attributes) {
  require(attributes_.heads > 0, "split_heads", "heads must be positive; got {}", attributes_.heads);
}

Tensors SplitHeads::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() == 3 && x.size(2) % attributes_.heads == 0, "split_heads",
          "tokens must have shape [B,T,C] with C a multiple of {} heads; got {}", attributes_.heads,
          shape_string(x.sizes()));
  return {cut(x, attributes_.heads)};
}

Tensors SplitHeads::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {join(grad_outputs.at(0))};
}

Tensors MergeHeads::forward(const Tensors& inputs) const { return {join(inputs.at(0))}; }

Tensors MergeHeads::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {cut(grad_outputs.at(0), kept.input_meta(0).sizes.at(1))};
}

std::optional<std::vector<int>> SplitHeads::picks_through(int dim) const {
  if (dim == 2) return {{1}};
  return std::nullopt;
}

std::optional<std::vector<int>> MergeHeads::picks_through(int dim) const {
  if (dim == 1) return {{2}};
  return std::nullopt;
}

}  // namespace lrpp::ops
