#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>

namespace lrpp::mamba {
namespace {

class HeldScan final : public LinearMap {
 public:
  HeldScan(Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D)
      : dt_(std::move(dt)), A_(std::move(A)), B_(std::move(B)), C_(std::move(C)), D_(std::move(D)) {}
  Tensor apply(const Tensor& x) const override { return selective_scan(x, dt_, A_, B_, C_, D_); }
  Tensor transpose(const Tensor& m) const override {
    return selective_scan_relevance(m, dt_, A_, B_, C_, D_);
  }

 private:
  Tensor dt_, A_, B_, C_, D_;
};

}  // namespace

SelectiveScan::SelectiveScan(Tensor A_log, Tensor D)
    : A_log_(std::move(A_log)), A_(-at::exp(A_log_)), D_(std::move(D)) {
  require(A_log_.dim() == 2, "selective_scan", "A_log must have shape [E, N]; got {}",
          shape_string(A_log_.sizes()));
  require(D_.sizes() == at::IntArrayRef{A_log_.size(0)}, "selective_scan", "D must have shape [{}]; got {}",
          A_log_.size(0), shape_string(D_.sizes()));
}

Tensors SelectiveScan::forward(const Tensors& inputs) const {
  return {selective_scan(inputs.at(0), inputs.at(1), A_, inputs.at(2), inputs.at(3), D_)};
}

Tensors SelectiveScan::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  auto [dx, ddt, dB, dC] = selective_scan_vjp(grad_outputs.at(0), kept.input(0), kept.input(1), A_,
                                              kept.input(2), kept.input(3), D_);
  return {dx, ddt, dB, dC};
}

std::unique_ptr<LinearMap> SelectiveScan::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<HeldScan>(kept.input(1), A_, kept.input(2), kept.input(3), D_);
}

Json SelectiveScan::attributes() const {
  return {{"channels", A_log_.size(0)}, {"state_size", A_log_.size(1)}};
}

}  // namespace lrpp::mamba
