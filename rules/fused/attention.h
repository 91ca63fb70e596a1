#pragma once

#include <lrpp/framework/fusion.h>
#include <lrpp/rules/fused/attention_blocks.h>

#include <optional>

namespace lrpp::rules {

/// Softmax attention from heads to heads in blocks of queries, so that no [B,H,T,T] is ever there: queries
/// times keys, capped or not, their softmax, the choice of some queries or not, times values. Nothing of it
/// is kept; the walk computes each block's scores again (as Dao et al., arXiv:2205.14135, do for the
/// gradient) and lets the rules of the parts pass what they pass, block by block. Where a rule holds the
/// weights, that ends with the values.
///
/// Inputs: q [B,H,T,d], k and v [B,G,S,d], then, where the parts read them, attention_mask [B,S] and
/// the positions [B P] of the choice; q [B P,H,1,d] where the choice was made before. Output: [B P,H,T,d].
class FusedAttention final : public FusedOp {
 public:
  /// Parts by index; -1 for none.
  struct Layout {
    int scores = 0, soft_cap = -1, softmax = 1, pick = -1, context = 2;
    bool padded = false, by_position = false;
  };
  /// `block_bytes`: of the scores that are there at a time; without, what suits the device.
  FusedAttention(FusedParts parts, Layout layout, std::optional<int64_t> block_bytes);
  std::string_view type() const override { return "attention"; }
  int num_inputs() const override { return 3 + layout_.padded + layout_.by_position; }
  Tensors forward(const Tensors& inputs) const override;
  Needs relevance_needs() const override;
  bool reaches(int i) const override;
  Tensors relevance(const Kept& kept, const Tensors& outputs) const override;

 private:
  struct Weights;
  struct Sums;
  const FusedPart& part(int index) const { return parts().part(index); }
  bool reaches_weights() const;
  Tensor mask(const Tensors& inputs) const { return layout_.padded ? inputs.at(3) : Tensor(); }
  Tensors pick_inputs(const Tensors& inputs) const;
  ops::Sight sight(const Tensors& inputs, const Tensor& q) const;
  Weights weights(const Tensor& q, const Tensor& k, const ops::Sight& sight, const ScoreBlock& block) const;
  void pass_block(const Kept& kept, const Tensor& q, const Weights& weights, const ScoreBlock& block,
                  const Tensor& m, Sums& sums) const;
  std::vector<ScoreBlock> blocks(const Tensor& q, const Tensor& k, int64_t value_heads,
                                 const ops::Sight& sight) const;

  Layout layout_;
  std::optional<int64_t> block_bytes_;
  ops::SoftmaxAttributes softmax_;
};

/// Bytes of scores that are there at a time. A GPU wants larger products: eight texts of 512 tokens through
/// BERT-base take 51 ms in blocks of 32 MiB on an H200, and 47 in blocks of 128 MiB.
constexpr int64_t block_bytes_on_cpu = int64_t{32} << 20, block_bytes_on_gpu = int64_t{128} << 20;

/// Matches attention whose products have the rules `gradient`, `half` or `hold`, and, where its weights are
/// reached, a softmax with `gradient` or `softmax-taylor` and a cap with `gradient` or `identity`: those of
/// `attn-lrp`, `cp-lrp`, `lrp-0`, `mamba-lrp`, and the gradients.
Fusion attention_fusion(std::optional<int64_t> block_bytes = {});

}  // namespace lrpp::rules
