#pragma once

#include <lrpp/tests/plugins/mamba/reference_pieces.h>

#include <optional>
#include <string>

namespace lrpp::testing {

/// The mixer of Mamba, Falcon-Mamba and Jamba, x [B,T,D] -> [B,T,D], the scan token by token. With
/// `norm_epsilon` there are norms over dt, B and C, weighted where the checkpoint has weights for them.
Tensor reference_mamba1_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              std::optional<double> norm_epsilon);

struct ReferenceMamba2 {
  int64_t heads, groups, state;
  double norm_epsilon;
  int64_t norm_groups;  ///< of the norm over y * silu(z)
  double dt_min, dt_max;
};

/// The mixer of Mamba-2 and of the hybrids with it, x [B,T,D] -> [B,T,D], the recurrence token by token.
Tensor reference_mamba2_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              const ReferenceMamba2& sizes);

}  // namespace lrpp::testing
