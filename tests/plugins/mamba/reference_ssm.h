#pragma once

#include <lrpp/tests/plugins/mamba/reference_pieces.h>

#include <optional>
#include <string>

namespace lrpp::testing {

struct ReferenceMamba1 {
  std::string activation;              ///< after the convolution; the gate's is SiLU
  std::optional<double> norm_epsilon;  ///< of norms over dt, B and C, where there are some
};

/// The mixer of Mamba, Falcon-Mamba and Jamba, x [B,T,D] -> [B,T,D], the scan token by token. The norms over
/// dt, B and C are weighted where the checkpoint has weights for them.
Tensor reference_mamba1_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              const ReferenceMamba1& sizes);

struct ReferenceMamba2 {
  std::string activation;  ///< after the convolution; the gate's is SiLU
  int64_t heads, groups, state;
  double norm_epsilon;
  int64_t norm_groups;  ///< of the norm over y * silu(z)
  double dt_min, dt_max;
};

/// The mixer of Mamba-2 and of the hybrids with it, x [B,T,D] -> [B,T,D], the recurrence token by token.
Tensor reference_mamba2_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              const ReferenceMamba2& sizes);

}  // namespace lrpp::testing
