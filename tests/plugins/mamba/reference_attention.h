#pragma once

#include <lrpp/tests/plugins/mamba/reference_pieces.h>

#include <functional>
#include <string>

namespace lrpp::testing {

struct ReferenceAttention {
  int64_t heads, kv_heads;
  double scale;                                  ///< of the scores
  int64_t rotary_dims = 0;                       ///< the first of a head's that are rotated; 0: no positions
  double rotary_base = 10000, rotary_scale = 1;  ///< the scale is of the positions
};

/// q [B,T,H*P], k and v [B,T,K*P] -> the values' means by the softmax's weights, [B,T,H*P].
Tensor reference_causal_attention(const ReferencePieces& pieces, const Tensor& q, const Tensor& k,
                                  const Tensor& v, const ReferenceAttention& sizes);

/// down(act(up(x))) and down(up(x) * act(gate(x))), by the names up_proj, down_proj and gate_proj.
Tensor reference_mlp(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                     const std::string& activation);
Tensor reference_gated_mlp(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                           const std::string& activation);

/// sum_e weights[..., e] * expert(e), every expert on every token: what the router did not choose has weight
/// 0.
Tensor reference_mixture(const ReferencePieces& pieces, const Tensor& weights,
                         const std::function<Tensor(int64_t)>& expert);

/// Jamba's router, logits [B,T,E] -> weights [B,T,E]: the softmax over all experts, cut to the `chosen`
/// largest and not normalised again.
Tensor reference_softmax_router(const Tensor& logits, int64_t chosen);

struct ReferenceSigmoidRouter {
  int64_t chosen, groups, chosen_groups;
  bool normalize;
  double scale;
};
/// Nemotron-H's router: sigmoids; `correction` [E] takes part in the choice only; groups of experts are
/// chosen first, by the sum of their two largest.
Tensor reference_sigmoid_router(const ReferencePieces& pieces, const Tensor& logits, const Tensor& correction,
                                const ReferenceSigmoidRouter& sizes);

}  // namespace lrpp::testing
