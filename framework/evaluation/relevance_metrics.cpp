#include <lrpp/framework/evaluation/complexity.h>
#include <lrpp/framework/evaluation/conservation.h>
#include <lrpp/framework/evaluation/localization.h>
#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/evaluation/reloaded.h>

namespace lrpp::evaluation {
namespace {

using Better = ScoreInfo::Better;

struct NoParameters {};

/// A metric that is one formula over the relevance of features.
template <Tensor (*formula)(const Tensor&), Better better>
class Formula final : public MetricWith<NoParameters> {
 public:
  using ParameterStruct = NoParameters;
  using MetricWith::MetricWith;
  std::vector<ScoreInfo> scores() const override { return {{name_, better}}; }
  Measured measure(const Explained& e) const override { return {{formula(e.relevance)}, {}}; }
};

/// One that holds it against ground truth.
template <Tensor (*formula)(const Tensor&, const Tensor&)>
class AgainstTruth final : public MetricWith<NoParameters> {
 public:
  using ParameterStruct = NoParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model&, bool has_truth) const override {
    return has_truth ? "" : "it needs the ground truth, which the data do not have; see --truth";
  }
  std::vector<ScoreInfo> scores() const override { return {{name_, Better::higher}}; }
  Measured measure(const Explained& e) const override { return {{formula(e.relevance, e.truth)}, {}}; }
};

struct ConservationParameters {
  bool biases = true;  ///< the model as it is; else with every bias 0
};

class Conservation final : public MetricWith<ConservationParameters> {
 public:
  using ParameterStruct = ConservationParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model& model, bool) const override {
    return parameters_.biases ? "" : reload_rejects(model);
  }
  std::vector<ScoreInfo> scores() const override {
    return {{"conservation_error", Better::lower}, {"sum", Better::neither}, {"score", Better::neither}};
  }
  Measured measure(const Explained& e) const override {
    if (parameters_.biases) return measured(e.attribution);
    const auto model = models_.of(e.model.model(), [&] { return load_changed(e, zero_bias); });
    return measured(e.method.explain(*model, e.inputs, e.options));
  }

 private:
  static Tensor zero_bias(const std::string& name, const Tensor& weight) {
    return name == "bias" || name.ends_with(".bias") ? at::zeros_like(weight) : weight;
  }
  static Measured measured(const Attribution& a) {
    const Tensor score = a.score.to(at::kCPU, at::kDouble);
    return {{conservation_error(a.relevance, score), sum_per_example(a.relevance).cpu(), score}, {}};
  }
  LastModel<Model> models_;
};

}  // namespace

std::vector<MetricInfo> relevance_metrics() {
  return {
      metric_info<Formula<gini, Better::higher>>("sparseness", "the Gini index of |relevance|",
                                                 "Chalasani et al. 2020, arXiv:1810.06583"),
      metric_info<Formula<entropy, Better::lower>>("complexity", "the entropy of |relevance|",
                                                   "Bhatt et al. 2020, arXiv:2005.00631"),
      metric_info<Conservation>("conservation", "how far the sum of relevance is from the score", ""),
      metric_info<AgainstTruth<pointing_game>>("pointing-game",
                                               "whether the most relevant feature is a true one",
                                               "Zhang et al. 2018, arXiv:1608.00507"),
      metric_info<AgainstTruth<rank_accuracy>>("rank-accuracy",
                                               "how many of the most relevant features are true",
                                               "Arras et al. 2022, arXiv:2003.07258"),
      metric_info<AgainstTruth<mass_accuracy>>("mass-accuracy", "how much relevance lies on true features",
                                               "Arras et al. 2022, arXiv:2003.07258")};
}

}  // namespace lrpp::evaluation
