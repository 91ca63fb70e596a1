#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/rules/fused/attention.h>

#include <numeric>

namespace lrpp::rules {
namespace {

/// Several rows of queries [B P,H,Q,d] that share the keys of an example, below each other: [B,H,P Q,d].
Tensor stacked(const Tensor& q, int64_t rows) {
  return rows == 1 ? q : q.unflatten(0, {-1, rows}).transpose(1, 2).flatten(2, 3);
}
Tensor unstacked(const Tensor& x, int64_t rows) {
  return rows == 1 ? x : x.unflatten(2, {rows, -1}).transpose(1, 2).flatten(0, 1);
}

/// What `Matmul` and `Softmax` require of their inputs; where it is not so, they say what is wrong.
bool fits(const Tensors& inputs, bool causal) {
  const Tensor &q = inputs.at(0), &k = inputs.at(1), &v = inputs.at(2);
  const auto meets = [&](const Tensor& x) {
    return x.dim() == 4 && x.size(0) > 0 && x.size(1) > 0 && x.size(0) == k.size(0) &&
           x.size(2) == k.size(2) && q.size(0) % x.size(0) == 0 && q.size(1) % x.size(1) == 0;
  };
  return q.dim() == 4 && k.dim() == 4 && meets(k) && meets(v) && q.size(3) == k.size(3) &&
         (!causal || q.size(2) == k.size(2));
}

/// Whether every row is the same one, as where several targets of one example are explained.
bool repeats(const Tensor& x) { return !x.defined() || (x.size(0) > 1 && x.stride(0) == 0); }

}  // namespace

/// A block's scores as they were before the cap, and their shares.
struct FusedAttention::Weights {
  Tensor scores, shares;
};

struct FusedAttention::Sums {
  BlockSum q, k, v;
};

FusedAttention::FusedAttention(FusedParts parts, Layout layout, std::optional<int64_t> block_bytes)
    : FusedOp(std::move(parts)),
      layout_(layout),
      block_bytes_(block_bytes),
      softmax_(
          from_json_value<ops::SoftmaxAttributes>(part(layout.softmax).node.op->attributes(), "softmax")) {}

Tensors FusedAttention::pick_inputs(const Tensors& inputs) const {
  return layout_.by_position ? Tensors{inputs.at(0), inputs.back()} : Tensors{inputs.at(0)};
}

/// `q` as it meets the keys: chosen, and stacked.
ops::Sight FusedAttention::sight(const Tensors& inputs, const Tensor& q) const {
  const Tensor& k = inputs.at(1);
  Tensor positions;
  if (layout_.by_position) {
    positions = inputs.back().reshape({k.size(0), -1});
  } else if (layout_.pick >= 0) {
    positions = at::full({1, 1}, part(layout_.pick).node.op->attributes()["index"].get<int64_t>(), at::kLong);
  }
  return {softmax_, {k.size(0), q.size(1), q.size(2), k.size(2)}, q.device(), mask(inputs), positions};
}

std::vector<ScoreBlock> FusedAttention::blocks(const Tensor& q, const Tensor& k, int64_t value_heads,
                                               const ops::Sight& sight) const {
  const auto wide = at::promote_types(q.scalar_type(), at::kFloat);
  const int64_t bytes = block_bytes_.value_or(q.is_cuda() ? block_bytes_on_gpu : block_bytes_on_cpu);
  const auto elements = bytes / static_cast<int64_t>(c10::elementSize(wide));
  return cut_scores({q.size(0), q.size(1), q.size(2), k.size(2)}, std::gcd(k.size(1), value_heads), sight,
                    elements);
}

FusedAttention::Weights FusedAttention::weights(const Tensor& q, const Tensor& k, const ops::Sight& sight,
                                                const ScoreBlock& block) const {
  Weights weights;
  weights.scores = part(layout_.scores).node.op->forward({block.of_queries(q), block.of_keys(k)}).at(0);
  Tensor seen = weights.scores;
  if (layout_.soft_cap >= 0) seen = part(layout_.soft_cap).node.op->forward({seen}).at(0);
  weights.shares = sight.shares(seen, block.examples, block.queries, block.keys);
  return weights;
}

Tensors FusedAttention::forward(const Tensors& inputs) const {
  if (!fits(inputs, softmax_.causal)) {
    FusedParts::Known known;
    return {parts().compute({layout_.context, 0}, inputs, known)};
  }
  const Tensor &k = inputs.at(1), &v = inputs.at(2);
  Tensor q = inputs.at(0);
  if (layout_.pick >= 0) q = part(layout_.pick).node.op->forward(pick_inputs(inputs)).at(0);
  const int64_t rows = q.size(0) / k.size(0);
  q = stacked(q, rows);
  const ops::Sight seen = sight(inputs, q);
  const Tensor context = at::empty({q.size(0), q.size(1), q.size(2), v.size(3)}, q.options());
  for (const ScoreBlock& block : blocks(q, k, v.size(1), seen)) {
    const Tensor shares = weights(q, k, seen, block).shares;
    block.of_queries(context).copy_(part(layout_.context).node.op->forward({shares, block.of_keys(v)}).at(0));
  }
  return {unstacked(context, rows)};
}

bool FusedAttention::reaches_weights() const {
  const FusedPart& context = part(layout_.context);
  return context.rule->reaches(*context.node.op, 0);
}

bool FusedAttention::reaches(int i) const {
  if (i > 2) return false;
  const FusedPart& product = part(i == 2 ? layout_.context : layout_.scores);
  return (i == 2 || reaches_weights()) && product.rule->reaches(*product.node.op, i == 0 ? 0 : 1);
}

Needs FusedAttention::relevance_needs() const {
  std::vector<int> inputs{0, 1};
  if (reaches_weights()) inputs.push_back(2);
  for (int i = 3; i < num_inputs(); ++i) inputs.push_back(i);
  return Needs::only_inputs(inputs);
}

/// From the values' side to the queries': what each part's rule passes.
void FusedAttention::pass_block(const Kept& kept, const Tensor& q, const Weights& weights,
                                const ScoreBlock& block, const Tensor& m, Sums& sums) const {
  const auto pass = [](const FusedPart& part, const Kept& values, const Tensor& signal) {
    return part.rule->propagate(*part.node.op, values, {signal});
  };
  const bool through = reaches_weights();
  const Tensor v = through ? block.of_keys(kept.input(2)) : Tensor();
  Meta of_v = kept.input_meta(2);
  of_v.sizes = {block.examples.size(), block.groups(of_v.sizes.at(1)).size(), block.keys.size(),
                of_v.sizes.at(3)};
  const Kept product({weights.shares, v}, {}, {Meta::of(weights.shares), of_v}, {});
  const Tensors to = pass(part(layout_.context), product, m);
  const auto at_keys = [&](const Tensor& whole) { return block.of_keys(whole); };
  if (to[1].defined()) sums.v.add(to[1], at_keys);
  if (!through) return;
  const Kept softmax({{}}, {weights.shares}, {Meta::of(weights.shares)}, {Meta::of(weights.shares)});
  Tensor at_scores = pass(part(layout_.softmax), softmax, to[0])[0];
  if (layout_.soft_cap >= 0) {
    const Kept cap({weights.scores}, {{}}, {Meta::of(weights.scores)}, {Meta::of(weights.scores)});
    at_scores = pass(part(layout_.soft_cap), cap, at_scores)[0];
  }
  const Kept factors = Kept::all({block.of_queries(q), block.of_keys(kept.input(1))}, {});
  const Tensors ends = pass(part(layout_.scores), factors, at_scores);
  if (ends[0].defined()) sums.q.add(ends[0], [&](const Tensor& whole) { return block.of_queries(whole); });
  if (ends[1].defined()) sums.k.add(ends[1], at_keys);
}

Tensors FusedAttention::relevance(const Kept& kept, const Tensors& outputs) const {
  Tensors inputs;  // what the forward pass computes the weights from
  for (int i = 0; i < num_inputs(); ++i) inputs.push_back(i == 2 ? Tensor() : kept.input(i));
  const Tensor &m = outputs.at(0), &k = inputs[1];
  Tensor q = inputs[0];
  if (layout_.pick >= 0) q = part(layout_.pick).node.op->forward(pick_inputs(inputs)).at(0);
  const ops::Sight seen = sight(inputs, q);
  const auto sum = [&](const std::vector<int64_t>& sizes) { return BlockSum(sizes, m.options()); };
  Sums sums{sum(q.sizes().vec()), sum(k.sizes().vec()), sum(kept.input_meta(2).sizes)};
  const bool same = repeats(q) && repeats(k) && repeats(mask(inputs));
  for (const ScoreBlock& block : blocks(q, k, kept.input_meta(2).sizes.at(1), seen)) {
    ScoreBlock first = block;
    if (same) first.examples.end = first.examples.begin + 1;
    Weights made = weights(q, k, seen, first);
    if (same) {
      const auto all = [&](const Tensor& x) { return x.expand({block.examples.size(), -1, -1, -1}); };
      made = {all(made.scores), all(made.shares)};
    }
    pass_block(kept, q, made, block, block.of_queries(m), sums);
  }
  Tensors result(inputs.size());
  if (reaches(0)) result[0] = sums.q.result();
  if (reaches(1)) result[1] = sums.k.result();
  if (reaches(2)) result[2] = sums.v.result();
  if (layout_.pick >= 0 && result[0].defined()) {
    const Tensors chosen = pick_inputs(inputs);
    result[0] = part(layout_.pick)
                    .rule->propagate(*part(layout_.pick).node.op, Kept::all(chosen, {}), {result[0]})[0];
  }
  return result;
}

}  // namespace lrpp::rules
