#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/sight.h>

#include <algorithm>
#include <limits>

namespace lrpp::ops {
namespace {

/// Which queries see no token at all: [B,Q], or [B,1] where they all see the same.
Tensor find_blind(const Tensor& padding, const Tensor& positions, int64_t window) {
  if (!positions.defined()) return padding.all(1, /*keepdim=*/true);
  const int64_t examples = padding.size(0);
  const Tensor none = at::zeros({examples, 1}, at::kLong);
  const Tensor tokens_before = at::cat({none, (~padding).cumsum(1)}, 1);
  const Tensor stand = positions.expand({examples, -1});
  const Tensor first = window == 0 ? at::zeros_like(stand) : (stand - window + 1).clamp_min(0);
  return tokens_before.gather(1, stand + 1) == tokens_before.gather(1, first);
}

}  // namespace

Sight::Sight(const SoftmaxAttributes& how, at::IntArrayRef sizes, at::Device device, const Tensor& mask,
             const Tensor& positions)
    : window_(how.window), all_keys_(sizes[3]) {
  const auto whole = at::TensorOptions().dtype(at::kLong);
  if (how.causal && positions.defined()) {
    positions_there_ = positions.to(at::kCPU);
    positions_ = to_device(positions, device);
  } else if (how.causal) {
    positions_ = at::arange(sizes[2], whole.device(device)).unsqueeze(0);
  }
  if (!mask.defined()) return;
  require(mask.sizes() == at::IntArrayRef({sizes[0], sizes[3]}), "softmax",
          "attention_mask must have shape [B,S] = [{}, {}]; got {}", sizes[0], sizes[3],
          shape_string(mask.sizes()));
  const Tensor padding = mask.to(at::kCPU) == 0;
  if (!padding.any().item<bool>()) return;
  padding_ = to_device(padding, device);
  Tensor stand = positions_there_;
  if (how.causal && !stand.defined()) stand = at::arange(sizes[2], whole).unsqueeze(0);
  const Tensor blind = find_blind(padding, stand, window_);
  if (blind.any().item<bool>()) blind_ = to_device(blind, device);
}

Range Sight::keys(const Range& queries) const {
  if (!positions_.defined()) return {0, all_keys_};
  Range stand{queries.begin, queries.end - 1};
  if (positions_there_.defined()) {
    const auto [low, high] = queries.of(positions_there_, 1).aminmax();
    stand = {low.item<int64_t>(), high.item<int64_t>()};
  }
  return {window_ == 0 ? 0 : std::max<int64_t>(0, stand.begin - window_ + 1), stand.end + 1};
}

void Sight::hide_by_position(const Tensor& scores, const Range& examples, const Range& queries,
                             const Range& keys) const {
  const Tensor mine = positions_.size(0) == 1 ? positions_ : examples.of(positions_, 0);
  const Tensor stand = queries.of(mine, 1).unsqueeze(1).unsqueeze(3);  // [B,1,Q,1]
  const Tensor token = at::arange(keys.begin, keys.end, stand.options());
  const auto hide = [&](const Range& columns, const auto& hidden) {
    if (columns.size() <= 0) return;
    columns.of(scores, 3).masked_fill_(hidden(columns.of(token, 0)),
                                       -std::numeric_limits<double>::infinity());
  };
  // Where query t stands at token t, all of them see the keys in the middle: only the ends are looked at.
  Range later{0, keys.size()}, early = later;
  if (!positions_there_.defined()) {
    later.begin = std::clamp<int64_t>(queries.begin + 1 - keys.begin, 0, keys.size());
    early.end = std::clamp<int64_t>(queries.end - window_ - keys.begin, 0, keys.size());
  }
  hide(later, [&](const Tensor& there) { return there > stand; });
  if (window_ > 0) hide(early, [&](const Tensor& there) { return there <= stand - window_; });
}

Tensor Sight::shares(const Tensor& scores, const Range& examples, const Range& queries,
                     const Range& keys) const {
  const auto wide = at::promote_types(scores.scalar_type(), at::kFloat);
  if (positions_.defined()) hide_by_position(scores, examples, queries, keys);
  if (padding_.defined()) {
    const Tensor hidden = keys.of(examples.of(padding_, 0), 1).unsqueeze(1).unsqueeze(1);
    scores.masked_fill_(hidden, -std::numeric_limits<double>::infinity());
  }
  const Tensor shares = at::softmax(scores, -1, wide).to(scores.scalar_type());
  if (!blind_.defined()) return shares;
  // The softmax of nothing is 0 / 0.
  const Tensor mine = examples.of(blind_, 0);
  const Tensor blind = mine.size(1) == 1 ? mine : queries.of(mine, 1);
  return shares.masked_fill(blind.unsqueeze(1).unsqueeze(3), 0);
}

}  // namespace lrpp::ops
