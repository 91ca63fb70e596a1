#include <lrpp/framework/evaluation/erasure.h>
#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/evaluation/road.h>
#include <lrpp/framework/evaluation/take_away.h>

namespace lrpp::evaluation {
namespace {

using Better = ScoreInfo::Better;

Quantity quantity_from(const std::string& word, const std::string& where) {
  require(word == "logit" || word == "probability", where,
          "'quantity' must be logit or probability; got '{}'", word);
  return word == "logit" ? Quantity::logit : Quantity::probability;
}

/// What is asked of the model, in users' words: `how` features go, and what is followed.
Followed followed(const Explained& e, const std::string& how, bool insertion, Quantity quantity) {
  const std::string way = resolve_way(e.model.model(), how, insertion);
  return {masked_model(e.model, e.inputs, e.features, way), e.attribution.target, quantity, e.batch};
}

struct CurveParameters {
  int64_t steps = 10;
  std::string replace;             ///< how features are taken away; see take_away.h
  std::string quantity = "logit";  ///< what is followed: logit or probability
};

/// flipping, insertion, and srg (which is flipping of probabilities).
template <bool insertion>
class CurveMetric : public MetricWith<CurveParameters> {
 public:
  using ParameterStruct = CurveParameters;
  CurveMetric(const std::string& name, CurveParameters parameters) : MetricWith(name, std::move(parameters)) {
    require(parameters_.steps >= 1 && parameters_.steps <= 100'000, "metric " + name,
            "'steps' must be at least 1; got {}", parameters_.steps);
    quantity_from(parameters_.quantity, "metric " + name);
  }

  std::string rejects(const Model& model, bool) const override {
    check_way(model, parameters_.replace, insertion);
    return {};
  }

  std::vector<ScoreInfo> scores() const override {
    if constexpr (insertion)
      return {{"dA_I", Better::higher}, {"A_MoRF", Better::higher}, {"A_LeRF", Better::lower}};
    return {{"dA_F", Better::higher}, {"A_MoRF", Better::lower}, {"A_LeRF", Better::higher}};
  }

  std::vector<CurveInfo> curves() const override {
    std::vector<double> at;
    for (int64_t k = 0; k <= parameters_.steps; ++k)
      at.push_back(static_cast<double>(k) / static_cast<double>(parameters_.steps));
    return {{"MoRF", at}, {"LeRF", at}};
  }

  Measured measure(const Explained& e) const override {
    const Followed f =
        followed(e, parameters_.replace, insertion, quantity_from(parameters_.quantity, name_));
    const Curves c = insertion ? insertion_curves(f, e.relevance, parameters_.steps)
                               : flipping_curves(f, e.relevance, parameters_.steps);
    return {{insertion ? insertion_gain(c) : flipping_gain(c), area(c.most_first), area(c.least_first)},
            {c.most_first, c.least_first}};
  }
};

struct SrgParameters {
  int64_t steps = 10;
  std::string replace;
};

class Srg final : public MetricWith<SrgParameters> {
 public:
  using ParameterStruct = SrgParameters;
  Srg(const std::string& name, SrgParameters parameters)
      : MetricWith(name, parameters),
        flipping_(name, {parameters.steps, parameters.replace, "probability"}) {}
  std::string rejects(const Model& model, bool truth) const override {
    return flipping_.rejects(model, truth);
  }
  std::vector<ScoreInfo> scores() const override { return {{"SRG", Better::higher}}; }
  std::vector<CurveInfo> curves() const override { return flipping_.curves(); }
  Measured measure(const Explained& e) const override {
    Measured measured = flipping_.measure(e);
    measured.scores.resize(1);
    return measured;
  }

 private:
  CurveMetric<false> flipping_;
};

struct ErasureParameters {
  std::vector<double> shares = {0.01, 0.05, 0.1, 0.2, 0.5};
  std::string replace;
};

template <bool insertion>
class ErasureMetric final : public MetricWith<ErasureParameters> {
 public:
  using ParameterStruct = ErasureParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model& model, bool) const override {
    check_way(model, parameters_.replace, false);
    return {};
  }
  std::vector<ScoreInfo> scores() const override {
    return {{name_, insertion ? Better::lower : Better::higher}};
  }
  Measured measure(const Explained& e) const override {
    const Followed f = followed(e, parameters_.replace, false, Quantity::probability);
    return {{insertion ? sufficiency(f, e.relevance, parameters_.shares)
                       : comprehensiveness(f, e.relevance, parameters_.shares)},
            {}};
  }
};

struct RoadParameters {
  std::vector<double> shares = RoadOptions().shares;
  double noise = RoadOptions().noise;
};

class Road final : public MetricWith<RoadParameters> {
 public:
  using ParameterStruct = RoadParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model& model, bool) const override {
    return model.image ? "" : "it makes up pixels, and the model reads text";
  }
  std::vector<ScoreInfo> scores() const override {
    return {{"ROAD", Better::higher}, {"accuracy_MoRF", Better::lower}, {"accuracy_LeRF", Better::higher}};
  }
  std::vector<CurveInfo> curves() const override {
    return {{"MoRF", parameters_.shares}, {"LeRF", parameters_.shares}};
  }
  Measured measure(const Explained& e) const override {
    require(!e.attribution.target.contrast.defined(), "metric road",
            "it asks whether the model still names a class; explain a class, not a difference of two");
    const Tensor images = e.model.values(e.inputs), pixels = e.attribution.relevance.sum(1).cpu();
    const ImageModel model = [&](const Tensor& x) { return e.model.logits(e.model.inputs_with({}, x)); };
    const RoadOptions options{parameters_.shares, parameters_.noise, e.batch};
    const auto run = [&](bool most) {
      return road(model, images, pixels, e.attribution.target.target, e.seeds, most, options);
    };
    const Tensor most = run(true), least = run(false);
    return {{least.mean(1) - most.mean(1), most.mean(1), least.mean(1)}, {most, least}};
  }
};

}  // namespace

std::vector<MetricInfo> perturbation_metrics() {
  return {
      metric_info<CurveMetric<false>>("flipping", "features are taken away, most or least relevant first",
                                      "Samek et al. 2017, arXiv:1509.06321"),
      metric_info<CurveMetric<true>>("insertion", "features come back, most or least relevant first",
                                     "Petsiuk et al. 2018, arXiv:1806.07421"),
      metric_info<Srg>("srg", "symmetric relevance gain: flipping of probabilities",
                       "Bluecher et al. 2024, arXiv:2401.06654"),
      metric_info<ErasureMetric<false>>("comprehensiveness",
                                        "what is lost without the most relevant features",
                                        "DeYoung et al. 2020, arXiv:1911.03429"),
      metric_info<ErasureMetric<true>>("sufficiency", "what is lost with the most relevant features alone",
                                       "DeYoung et al. 2020, arXiv:1911.03429"),
      metric_info<Road>("road", "whether the class stays when pixels are made up from their surroundings",
                        "Rong et al. 2022, arXiv:2202.00449")};
}

}  // namespace lrpp::evaluation
