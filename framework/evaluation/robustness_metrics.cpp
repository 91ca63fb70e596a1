#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/evaluation/robustness.h>

namespace lrpp::evaluation {
namespace {

struct MaxSensitivityParameters {
  int64_t samples = 10;
  double radius = 0.02;  ///< of the noise, in the unit of embeddings or normalised pixels
};

class MaxSensitivity final : public MetricWith<MaxSensitivityParameters> {
 public:
  using ParameterStruct = MaxSensitivityParameters;
  MaxSensitivity(const std::string& name, MaxSensitivityParameters parameters)
      : MetricWith(name, parameters) {
    require(parameters.samples >= 1 && parameters.radius > 0, "metric " + name,
            "'samples' must be at least 1 and 'radius' above 0; got {} and {}", parameters.samples,
            parameters.radius);
  }
  std::vector<ScoreInfo> scores() const override { return {{"max_sensitivity", ScoreInfo::Better::lower}}; }
  Measured measure(const Explained& e) const override {
    const Tensor noisy =
        with_uniform_noise(e.model.values(e.inputs), parameters_.radius, parameters_.samples, e.seeds);
    Tensors changed;
    for (int64_t s = 0; s < parameters_.samples; ++s) {
      const Inputs inputs = e.model.inputs_with(e.inputs, noisy[s]);
      changed.push_back(e.features.relevance(e.method.explain(e.model.fed(), inputs, e.options)));
    }
    return {{max_sensitivity(e.relevance, at::stack(changed))}, {}};
  }
};

}  // namespace

std::vector<MetricInfo> robustness_metrics() {
  return {metric_info<MaxSensitivity>("max-sensitivity",
                                      "how far an explanation moves when its input moves a little",
                                      "Yeh et al. 2019, arXiv:1901.09392")};
}

}  // namespace lrpp::evaluation
