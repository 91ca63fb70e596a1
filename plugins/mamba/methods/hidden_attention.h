#pragma once

#include <lrpp/framework/methods/rollout.h>

#include <functional>

namespace lrpp::mamba {

/// A recurrence with its parameters held, as attention (Ali, Zimerman and Wolf 2024, arXiv:2403.01590,
/// equation 12): y_i = sum over j <= i of alpha_ij x_j, plus D x_i, with
///   alpha_ij = C_i (exp(dt_{j+1} A) ... exp(dt_i A)) dt_j B_j
/// for each channel, or in Mamba-2 for each head. [B,T,T,E] of it would be too much: column j is what token j
/// alone puts into the recurrence, so that one scan from j on makes it. Columns come in blocks.
class HiddenAttention {
 public:
  /// op: `selective_scan` or `ssd`; of its inputs it reads dt, B and C.
  HiddenAttention(const Op& op, const Kept& kept);

  int64_t tokens() const { return dt_.size(1); }
  /// Channels, or heads.
  int64_t channels() const { return dt_.size(2); }
  /// The columns from `begin` up to `end`, without the rows before `begin`, which are 0: [B, end - begin, T -
  /// begin, channels].
  Tensor columns(int64_t begin, int64_t end) const;
  /// [B,T,T] from what `reduce` makes of some columns [B,J,T - begin,channels]: [B,J,T - begin].
  Tensor reduced(
      const std::function<Tensor(const Tensor& columns, int64_t begin, int64_t end)>& reduce) const;

 private:
  Tensor dt_, A_, B_, C_;
  int64_t groups_ = 0;  ///< of Mamba-2; 0: Mamba-1
};

/// For Rollout: the mean of alpha over channels or heads. With a gradient g of what is explained at y, the
/// mean over channels of the positive part of g_i alpha_ij x_j: the gradient at alpha_ij is g_i x_j, and it
/// is weighted as Chefer et al. (2021) weight attention. (The paper's code takes one gradient for all
/// channels of a token instead.)
TokenMixing hidden_mixing(const std::string& op);

void register_hidden_attention(Registry& registry);

}  // namespace lrpp::mamba
