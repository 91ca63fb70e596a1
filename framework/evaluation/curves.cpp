#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/curves.h>

#include <algorithm>

namespace lrpp::evaluation {
namespace {

/// The curves of both orders. `remaining(rank, n)` says what is kept after n features have changed.
template <class Remaining>
Curves curves(const Followed& followed, const Tensor& relevance, int64_t steps, const Remaining& remaining) {
  const Tensor first = ranks(relevance, true), last = ranks(relevance, false);
  const int64_t examples = relevance.size(0), features = relevance.size(1);
  const std::vector<int64_t> counts = step_counts(features, steps);
  // Each count once, and one row where the orders cannot differ. Rows of one count stand together: where
  // features are removed, those are inputs of one length.
  Tensors kept;
  std::vector<std::pair<size_t, size_t>> at(counts.size());
  for (size_t k = 0; k < counts.size(); ++k) {
    if (k > 0 && counts[k] == counts[k - 1]) {
      at[k] = at[k - 1];
      continue;
    }
    at[k].first = at[k].second = kept.size();
    kept.push_back(remaining(first, counts[k]));
    if (counts[k] == 0 || counts[k] == features) continue;
    at[k].second = kept.size();
    kept.push_back(remaining(last, counts[k]));
  }
  const Tensor example = at::arange(examples, at::kLong).repeat({static_cast<int64_t>(kept.size())});
  const Tensor values =
      follow(followed, example, at::cat(kept)).view({static_cast<int64_t>(kept.size()), examples});
  Tensors most, least;
  for (const auto& [a, b] : at) {
    most.push_back(values[static_cast<int64_t>(a)]);
    least.push_back(values[static_cast<int64_t>(b)]);
  }
  return {at::stack(most, 1), at::stack(least, 1)};
}

}  // namespace

Tensor follow(const Followed& followed, const Tensor& example, const Tensor& kept) {
  require(followed.batch >= 1, "evaluation", "the batch must be at least 1; got {}", followed.batch);
  const TargetIndex& index = followed.target;
  const bool probability = followed.quantity == Quantity::probability;
  require(!probability || !index.contrast.defined(), "evaluation",
          "a difference of two classes has no probability; explain one class, or follow the logit");
  Tensors parts;
  for (int64_t begin = 0; begin < example.size(0); begin += followed.batch) {
    const int64_t end = std::min(begin + followed.batch, example.size(0));
    const Tensor rows = example.slice(0, begin, end);
    Tensor logits = followed.model(rows, kept.slice(0, begin, end)).to(at::kCPU, at::kDouble);
    const auto of_rows = [&](const Tensor& t) {
      return t.defined() ? t.cpu().index_select(0, rows) : Tensor();
    };
    if (probability) logits = logits.softmax(-1);
    parts.push_back(target_score(logits, {of_rows(index.target), of_rows(index.contrast)}));
  }
  const Tensor values = at::cat(parts);
  require(values.isfinite().all().item<bool>(), "evaluation",
          "the model's output must be finite where features are taken away; it is not. Use a wider dtype, or "
          "take them away in another way");
  return values;
}

Tensor ranks(const Tensor& relevance, bool most_first) {
  require(relevance.dim() == 2 && relevance.size(1) >= 1, "evaluation",
          "relevance must be [B, F] of at least one feature; got {}", shape_string(relevance.sizes()));
  require(relevance.isfinite().all().item<bool>(), "evaluation",
          "relevance must be finite to be put in order; got infinite values or NaN");
  return at::argsort(at::argsort(relevance.cpu(), /*stable=*/true, 1, most_first), /*stable=*/true, 1);
}

std::vector<int64_t> step_counts(int64_t features, int64_t steps) {
  require(steps >= 1, "evaluation", "a curve needs at least 1 step; got {}", steps);
  std::vector<int64_t> counts;
  for (int64_t k = 0; k <= steps; ++k) counts.push_back((2 * k * features + steps) / (2 * steps));
  return counts;
}

Curves flipping_curves(const Followed& followed, const Tensor& relevance, int64_t steps) {
  return curves(followed, relevance, steps, [](const Tensor& rank, int64_t n) { return rank.ge(n); });
}

Curves insertion_curves(const Followed& followed, const Tensor& relevance, int64_t steps) {
  return curves(followed, relevance, steps, [](const Tensor& rank, int64_t n) { return rank.lt(n); });
}

Tensor area(const Tensor& curve) {
  const int64_t steps = curve.size(1) - 1;
  return (curve.slice(1, 1).sum(1) + curve.slice(1, 0, steps).sum(1)) / (2.0 * static_cast<double>(steps));
}

Tensor flipping_gain(const Curves& curves) { return area(curves.least_first) - area(curves.most_first); }

Tensor insertion_gain(const Curves& curves) { return area(curves.most_first) - area(curves.least_first); }

}  // namespace lrpp::evaluation
