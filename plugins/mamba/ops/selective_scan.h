#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::mamba {

/// The selective state-space recurrence (Gu and Dao, arXiv:2312.00752, algorithm 2):
///   h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t,   y_t = C_t h_t + D x_t,   A = -exp(A_log).
/// Inputs: x, dt [B,T,E], B, C [B,T,N]; dt after softplus. Output: y [B,T,E]. With dt, B and C held it is
/// linear in x; its transpose is a recurrence back in time that needs no state of the forward pass.
class SelectiveScan final : public Op {
 public:
  /// A_log: [E, N]; D: [E].
  SelectiveScan(Tensor A_log, Tensor D);
  std::string_view type() const override { return "selective_scan"; }
  OpKind kind() const override { return OpKind::held_linear; }
  int num_inputs() const override { return 4; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int) const override { return Needs::only_inputs({1, 2, 3}); }
  Json attributes() const override;
  NamedTensors weights() const override { return {{"A_log", A_log_}, {"D", D_}}; }
  /// -exp(A_log): [E, N].
  const Tensor& A() const { return A_; }
  const Tensor& D() const { return D_; }

 private:
  Tensor A_log_, A_, D_;
};

}  // namespace lrpp::mamba
