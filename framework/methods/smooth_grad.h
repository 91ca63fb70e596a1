#pragma once

#include <lrpp/framework/methods/gradients.h>

namespace lrpp {

struct SmoothGradParameters {
  int64_t samples = 25;
  double noise = 0.15;      ///< standard deviation, as a share of the range of the example's values
  bool times_input = true;  ///< relevance: the mean gradient times the input; false: the mean gradient
  int64_t seed = 0;
  int64_t batch = 32;  ///< inputs that run through the model together
};

/// SmoothGrad (Smilkov et al. 2017, arXiv:1706.03825): the mean of the gradients at the input with normal
/// noise added, at embeddings or pixels. The paper reads out the mean gradient itself; times the input it can
/// be summed over channels, as relevance is. Does not conserve.
class SmoothGrad final : public MethodWith<SmoothGradParameters> {
 public:
  /// gradient: the composite of that name. Throws UserError for parameters out of range.
  SmoothGrad(SmoothGradParameters parameters, Composite gradient);
  std::string name() const override { return "smooth-grad"; }
  Readout readout() const override {
    return parameters_.times_input ? Readout::relevance : Readout::multiplier;
  }
  std::string rejects(const Model& model) const override { return gradients_.rejects(model); }
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;

 private:
  Gradients gradients_;
};

}  // namespace lrpp
