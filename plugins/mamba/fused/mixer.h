#pragma once

#include <lrpp/framework/fusion.h>

namespace lrpp::mamba {

/// Everything of a Mamba mixer between its two projections, computed by two kernels: the convolution with its
/// SiLU, and the scan with softplus and gate. What makes the scan's parameters from u (projections, norms)
/// stays as its parts are; nothing reaches it. The relevance of both branches is written side by side into
/// one [B,T,2E], which is what in_proj's transpose reads.
///
/// Input: x and z side by side [B,T,2E]. Outputs: gated [B,T,E]; for the relevance alone y, raw_dt [B,T,E],
/// B, C [B,T,N].
class FusedMixer final : public FusedOp {
 public:
  /// Where the values are that the kernels read: outputs of the parts.
  struct Layout {
    Value u, raw_dt, b, c;
  };
  FusedMixer(FusedParts parts, int conv1d, int scan, Layout layout);
  std::string_view type() const override { return "mamba_mixer"; }
  int num_outputs() const override { return 5; }
  Tensors forward(const Tensors& inputs) const override;
  Needs relevance_needs() const override { return {{0}, {1, 2, 3, 4}}; }
  Tensors relevance(const Kept& kept, const Tensors& outputs) const override;

 private:
  Layout layout_;
  Tensor taps_, A_, D_;
  std::optional<Tensor> bias_;
};

/// Matches a mixer whose rules are MambaLRP's, without stabilisers: scan held, gate halved, SiLU's factors
/// held, LRP-0 on the convolution.
Fusion mixer_fusion();

}  // namespace lrpp::mamba
