#include <lrpp/tests/plugins/mamba/reference_attention.h>

#include <cmath>

namespace lrpp::testing {
namespace {

/// Rotates the first `dims` of each head, x [B,H,T,P]: dimension i and i + dims / 2 form a pair, whose angle
/// is scale * t * base^(-2 i / dims).
Tensor rotated(const Tensor& x, const ReferenceAttention& sizes) {
  const int64_t dims = sizes.rotary_dims;
  if (dims == 0) return x;
  const int64_t half = dims / 2;
  const Tensor i = at::arange(half, x.options()), t = sizes.rotary_scale * at::arange(x.size(2), x.options());
  const Tensor angle =
      t.unsqueeze(1) * (-2 * std::log(sizes.rotary_base) / static_cast<double>(dims) * i).exp();
  const auto parts = x.split_with_sizes({half, half, x.size(3) - dims}, -1);
  return at::cat({parts[0] * angle.cos() - parts[1] * angle.sin(),
                  parts[1] * angle.cos() + parts[0] * angle.sin(), parts[2]},
                 -1);
}

/// 1 at the `count` largest of the last dimension, 0 elsewhere.
Tensor largest(const Tensor& x, int64_t count) {
  const Tensor index = std::get<1>(x.topk(count, -1));
  return at::zeros_like(x).scatter(-1, index, 1.0);
}

}  // namespace

Tensor reference_causal_attention(const ReferencePieces& pieces, const Tensor& q, const Tensor& k,
                                  const Tensor& v, const ReferenceAttention& sizes) {
  const int64_t T = q.size(1);
  const auto heads = [&](const Tensor& x, int64_t count) {  // [B,T,count*P] -> [B,H,T,P]
    return x.unflatten(-1, {count, x.size(-1) / count})
        .transpose(1, 2)
        .repeat_interleave(sizes.heads / count, 1);
  };
  const Tensor queries = rotated(heads(q, sizes.heads), sizes);
  const Tensor keys = rotated(heads(k, sizes.kv_heads), sizes);
  const Tensor scores = queries.matmul(keys.transpose(2, 3)) * sizes.scale;
  const Tensor later = at::ones({T, T}, at::kBool).triu(1);
  const Tensor weights = scores.masked_fill(later, -INFINITY).softmax(-1);
  const Tensor context = pieces.hold(weights, Held::attention).matmul(heads(v, sizes.kv_heads));
  return context.transpose(1, 2).flatten(-2);
}

Tensor reference_mlp(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                     const std::string& activation) {
  const Tensor up = pieces.linear(x, prefix + "up_proj");
  return pieces.linear(pieces.activation(up, activation, Held::mlp_activation), prefix + "down_proj");
}

Tensor reference_gated_mlp(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                           const std::string& activation) {
  const Tensor gate =
      pieces.activation(pieces.linear(x, prefix + "gate_proj"), activation, Held::mlp_activation);
  const Tensor up = pieces.linear(x, prefix + "up_proj");
  return pieces.linear(pieces.product(up, gate, Held::mlp_gate), prefix + "down_proj");
}

Tensor reference_mixture(const ReferencePieces& pieces, const Tensor& weights,
                         const std::function<Tensor(int64_t)>& expert) {
  const Tensor held = pieces.hold(weights, Held::router);
  Tensor sum;
  for (int64_t e = 0; e < held.size(-1); ++e) {
    const Tensor term = held.select(-1, e).unsqueeze(-1) * expert(e);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

Tensor reference_softmax_router(const Tensor& logits, int64_t chosen) {
  const Tensor weights = logits.softmax(-1);
  return weights * largest(weights, chosen);
}

Tensor reference_sigmoid_router(const ReferencePieces& pieces, const Tensor& logits, const Tensor& correction,
                                const ReferenceSigmoidRouter& sizes) {
  const Tensor scores = 1 / (1 + (-logits).exp());
  const Tensor corrected = (scores + correction).detach();
  const Tensor grouped = corrected.unflatten(-1, {sizes.groups, corrected.size(-1) / sizes.groups});
  const Tensor of_groups = std::get<0>(grouped.topk(2, -1)).sum(-1);
  const Tensor group_chosen = largest(of_groups, sizes.chosen_groups).unsqueeze(-1);
  const Tensor choice = largest(grouped.masked_fill(group_chosen == 0, -INFINITY).flatten(-2), sizes.chosen);
  Tensor weights = scores * choice;
  if (sizes.normalize) weights = weights / pieces.hold(weights.sum(-1, true) + 1e-20, Held::router_sum);
  return weights * sizes.scale;
}

}  // namespace lrpp::testing
