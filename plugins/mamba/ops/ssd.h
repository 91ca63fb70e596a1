#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::mamba {

struct SsdAttributes {
  int64_t heads = 1;
  int64_t groups = 1;  ///< of B and C; heads / groups successive heads share one
};

/// The recurrence of Mamba-2 (Dao and Gu, arXiv:2405.21060): as `selective_scan`, with one decay for each
/// head and token. Inputs: x [B,T,H*P], dt [B,T,H], B, C [B,T,G*N]; dt after softplus and limits. Output: y
/// [B,T,H*P]. With dt, B and C held it is linear in x.
class Ssd final : public OpWith<SsdAttributes> {
 public:
  /// A_log, D: [H]. Throws UserError for other shapes, and where the groups do not divide the heads.
  Ssd(Tensor A_log, Tensor D, int64_t groups);
  std::string_view type() const override { return "ssd"; }
  OpKind kind() const override { return OpKind::held_linear; }
  int num_inputs() const override { return 4; }
  Tensors forward(const Tensors& inputs) const override;
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int) const override { return Needs::only_inputs({1, 2, 3}); }
  NamedTensors weights() const override { return {{"A_log", A_log_}, {"D", D_}}; }
  /// -exp(A_log): [H].
  const Tensor& A() const { return A_; }
  int64_t groups() const { return attributes_.groups; }

 private:
  Tensor A_log_, A_, D_;
};

}  // namespace lrpp::mamba
