#include <lrpp/framework/ops/sight.h>
#include <lrpp/framework/rows.h>

namespace lrpp::ops {

Softmax::Softmax(SoftmaxAttributes attributes) : attributes_(attributes) {
  require(attributes_.window >= 0, "softmax", "window must be at least 0; got {}", attributes_.window);
  require(attributes_.window == 0 || attributes_.causal, "softmax",
          "a window of {} needs causal attention; windows that see both ways are not supported",
          attributes_.window);
}

Tensors Softmax::forward(const Tensors& inputs) const {
  const Tensor& scores = inputs.at(0);
  const bool everything = !attributes_.causal && !attributes_.padded;
  require(scores.dim() == 4 || (everything && scores.dim() > 2), "softmax",
          "scores must have shape [B,H,T,S]{}; got {}", everything ? " or [B,...,S]" : "",
          shape_string(scores.sizes()));
  if (everything) {
    const auto wide = at::promote_types(scores.scalar_type(), at::kFloat);
    return {at::softmax(scores, -1, wide).to(scores.scalar_type())};
  }
  require(!attributes_.causal || scores.size(2) == scores.size(3), "softmax",
          "causal attention needs as many queries as keys; got scores {}", shape_string(scores.sizes()));
  Tensor mask = attributes_.padded ? inputs.at(1) : Tensor();
  if (mask.defined() && mask.size(0) != scores.size(0)) {  // several queries of each example, a row each
    mask = mask.index_select(0, entry_of_rows("softmax", scores.size(0), mask.size(0), mask.device()));
  }
  const Sight sight(attributes_, scores.sizes(), scores.device(), mask);
  return {sight.shares(sight.everything() ? scores : scores.clone(), {0, scores.size(0)}, {0, scores.size(2)},
                       {0, scores.size(3)})};
}

Tensors Softmax::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& shares = kept.output(0);
  Tensors grads(static_cast<size_t>(num_inputs()));
  grads[0] = at::_softmax_backward_data(grad_outputs.at(0), shares, -1, shares.scalar_type());
  return grads;
}

std::optional<std::vector<int>> Softmax::picks_through(int dim) const {
  if (dim != 2 || attributes_.causal) return std::nullopt;
  return attributes_.padded ? std::vector<int>{2, -1} : std::vector<int>{2};
}

}  // namespace lrpp::ops
