#include <lrpp/plugins/mamba/kernels/ssd.h>
#include <lrpp/plugins/mamba/ops/ssd.h>

namespace lrpp::mamba {
namespace {

class HeldSsd final : public LinearMap {
 public:
  HeldSsd(Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D, int64_t groups)
      : dt_(std::move(dt)),
        A_(std::move(A)),
        B_(std::move(B)),
        C_(std::move(C)),
        D_(std::move(D)),
        groups_(groups) {}
  Tensor apply(const Tensor& x) const override { return ssd(x, dt_, A_, B_, C_, D_, groups_); }
  Tensor transpose(const Tensor& m) const override { return ssd_relevance(m, dt_, A_, B_, C_, D_, groups_); }

 private:
  Tensor dt_, A_, B_, C_, D_;
  int64_t groups_;
};

}  // namespace

Ssd::Ssd(Tensor A_log, Tensor D, int64_t groups)
    : OpWith({A_log.numel(), groups}), A_log_(std::move(A_log)), A_(-at::exp(A_log_)), D_(std::move(D)) {
  require(A_log_.dim() == 1 && D_.sizes() == A_log_.sizes(), "ssd",
          "A_log and D must have the same shape [H]; got {} and {}", shape_string(A_log_.sizes()),
          shape_string(D_.sizes()));
  require(groups > 0 && A_log_.size(0) % groups == 0, "ssd", "the {} heads must fall into {} equal groups",
          A_log_.size(0), groups);
}

Tensors Ssd::forward(const Tensors& inputs) const {
  return {ssd(inputs.at(0), inputs.at(1), A_, inputs.at(2), inputs.at(3), D_, attributes_.groups)};
}

std::unique_ptr<LinearMap> Ssd::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<HeldSsd>(kept.input(1), A_, kept.input(2), kept.input(3), D_, attributes_.groups);
}

}  // namespace lrpp::mamba
