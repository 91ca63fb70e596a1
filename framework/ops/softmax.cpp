#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/framework/rows.h>

#include <limits>

namespace lrpp::ops {
namespace {

/// True where token t does not see token s, because s comes later or too early: [T,T].
Tensor out_of_sight(int64_t tokens, int64_t window, at::Device device) {
  const Tensor token = at::arange(tokens, at::TensorOptions(device).dtype(at::kLong));
  const Tensor distance = token.unsqueeze(1) - token;
  const Tensor later = distance < 0;
  return window == 0 ? later : later | (distance >= window);
}

}  // namespace

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
  const auto wide = at::promote_types(scores.scalar_type(), at::kFloat);
  Tensor hidden;
  bool padded = false;
  if (attributes_.causal) {
    require(scores.size(2) == scores.size(3), "softmax",
            "causal attention needs as many queries as keys; got scores {}", shape_string(scores.sizes()));
    hidden = out_of_sight(scores.size(3), attributes_.window, scores.device());
  }
  if (attributes_.padded) {
    const Tensor& all = inputs.at(1);
    const bool picked = all.size(0) != scores.size(0);  // several queries of each example, a row each
    const Tensor mask =
        picked ? all.index_select(0, entry_of_rows("softmax", scores.size(0), all.size(0), all.device()))
               : all;
    require(mask.sizes() == at::IntArrayRef({scores.size(0), scores.size(3)}), "softmax",
            "attention_mask must have shape [B,S] = [{}, {}]; got {}", scores.size(0), scores.size(3),
            shape_string(mask.sizes()));
    const Tensor padding = mask == 0;
    padded = padding.any().item<bool>();
    if (padded) {
      const Tensor there = to_device(padding.unsqueeze(1).unsqueeze(1), scores.device());
      hidden = hidden.defined() ? hidden | there : there;
    }
  }
  if (!hidden.defined()) return {at::softmax(scores, -1, wide).to(scores.scalar_type())};
  const Tensor seen = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  const Tensor shares = at::softmax(seen, -1, wide).to(scores.scalar_type());
  // Only padding can leave a token without anything to see: the softmax of nothing is 0 / 0.
  if (!padded) return {shares};
  return {shares.masked_fill(hidden.all(-1, /*keepdim=*/true), 0)};
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
