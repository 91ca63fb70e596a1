#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/evaluation/randomization.h>
#include <lrpp/framework/evaluation/reloaded.h>
#include <lrpp/framework/evaluation/robustness.h>
#include <lrpp/framework/evaluation/similarity.h>

#include <random>
#include <set>

namespace lrpp::evaluation {
namespace {

using Better = ScoreInfo::Better;

/// A model with the first layers from the output random, the first one alone and so on to all.
struct Randomised {
  std::vector<std::shared_ptr<const Model>> models;
  std::vector<std::shared_ptr<const ValueModel>> values;
};

std::shared_ptr<const Randomised> randomise(const Explained& e, uint64_t seed, bool all_at_once) {
  const Model& model = e.model.model();
  const auto layers = layers_from_output(model.graph, Checkpoint::open(model.directory).names());
  auto result = std::make_shared<Randomised>();
  std::set<std::string> random;
  for (size_t i = 0; i < layers.size(); ++i) {
    random.insert(layers[i].weights.begin(), layers[i].weights.end());
    if (all_at_once && i + 1 < layers.size()) continue;
    result->models.push_back(load_changed(e, [&](const std::string& name, const Tensor& weight) {
      return random.contains(name) ? shuffled(weight, name, seed) : weight;
    }));
    result->values.push_back(std::make_shared<ValueModel>(*result->models.back()));
  }
  return result;
}

Tensor relevance_of(const Explained& e, const Model& model, const Inputs& inputs) {
  return e.features.relevance(e.method.explain(model, inputs, e.options));
}

/// The mean explanation of noisy copies of the inputs: normal noise of `noise` times the range of each
/// example.
Tensor smooth_relevance(const Explained& e, const ValueModel& model, int64_t samples, double noise) {
  const Tensor values = model.values(e.inputs), flat = values.flatten(1);
  const Tensor deviation = (flat.amax(1) - flat.amin(1)) * noise;
  const Tensor noisy = with_normal_noise(values, deviation, samples, e.seeds);
  Tensor sum;
  for (int64_t s = 0; s < samples; ++s)
    sum = add_defined(sum, relevance_of(e, model.fed(), model.inputs_with(e.inputs, noisy[s])));
  return sum / static_cast<double>(samples);
}

struct MprtParameters {
  int64_t seed = 0;
};

class Mprt final : public MetricWith<MprtParameters> {
 public:
  using ParameterStruct = MprtParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model& model, bool) const override { return reload_rejects(model); }
  std::vector<ScoreInfo> scores() const override {
    return {{"similarity_mean", Better::lower}, {"similarity_all_random", Better::lower}};
  }
  Measured measure(const Explained& e) const override {
    const auto random = randomised_.of(
        e.model.model(), [&] { return randomise(e, static_cast<uint64_t>(parameters_.seed), false); });
    Tensors similarity;
    for (const auto& model : random->models)
      similarity.push_back(rank_correlation(e.relevance, relevance_of(e, *model, e.inputs)));
    return {{at::stack(similarity).mean(0), similarity.back()}, {}};
  }

 private:
  LastModel<Randomised> randomised_;
};

struct SmoothMprtParameters {
  int64_t samples = 20;
  double noise = 0.05;  ///< standard deviation, as a share of the range of an example's values
  int64_t seed = 0;
};

class SmoothMprt final : public MetricWith<SmoothMprtParameters> {
 public:
  using ParameterStruct = SmoothMprtParameters;
  SmoothMprt(const std::string& name, SmoothMprtParameters parameters) : MetricWith(name, parameters) {
    require(parameters.samples >= 1 && parameters.noise > 0, "metric " + name,
            "'samples' must be at least 1 and 'noise' above 0; got {} and {}", parameters.samples,
            parameters.noise);
  }
  std::string rejects(const Model& model, bool) const override { return reload_rejects(model); }
  std::vector<ScoreInfo> scores() const override {
    return {{"similarity_mean", Better::lower}, {"similarity_all_random", Better::lower}};
  }
  Measured measure(const Explained& e) const override {
    const auto random = randomised_.of(
        e.model.model(), [&] { return randomise(e, static_cast<uint64_t>(parameters_.seed), false); });
    const auto smooth = [&](const ValueModel& model) {
      return smooth_relevance(e, model, parameters_.samples, parameters_.noise);
    };
    const Tensor original = smooth(e.model);
    Tensors similarity;
    for (const auto& model : random->values) similarity.push_back(rank_correlation(original, smooth(*model)));
    return {{at::stack(similarity).mean(0), similarity.back()}, {}};
  }

 private:
  LastModel<Randomised> randomised_;
};

struct EfficientMprtParameters {
  int64_t bins = 100;  ///< of the histogram whose entropy is the complexity
  int64_t seed = 0;
};

class EfficientMprt final : public MetricWith<EfficientMprtParameters> {
 public:
  using ParameterStruct = EfficientMprtParameters;
  using MetricWith::MetricWith;
  std::string rejects(const Model& model, bool) const override { return reload_rejects(model); }
  std::vector<ScoreInfo> scores() const override { return {{"complexity_rise", Better::higher}}; }
  Measured measure(const Explained& e) const override {
    const auto random = randomised_.of(
        e.model.model(), [&] { return randomise(e, static_cast<uint64_t>(parameters_.seed), true); });
    // All values, not features: a sentence has too few tokens to fill a histogram.
    const Tensor after = e.method.explain(*random->models.back(), e.inputs, e.options).relevance;
    return {{efficient_mprt(e.attribution.relevance.flatten(1), after.flatten(1), parameters_.bins)}, {}};
  }

 private:
  LastModel<Randomised> randomised_;
};

struct RandomLogitParameters {
  int64_t seed = 0;
};

class RandomLogit final : public MetricWith<RandomLogitParameters> {
 public:
  using ParameterStruct = RandomLogitParameters;
  using MetricWith::MetricWith;
  std::vector<ScoreInfo> scores() const override { return {{"similarity", Better::lower}}; }
  Measured measure(const Explained& e) const override {
    require(!e.attribution.target.contrast.defined(), "metric random-logit",
            "it explains another class than the target; explain a class, not a difference of two");
    const int64_t classes = e.attribution.logits.size(1);
    require(classes >= 2, "metric random-logit", "it needs a model of at least 2 classes; got {}", classes);
    Tensor other = e.attribution.target.target.cpu().clone();
    for (int64_t i = 0; i < e.examples(); ++i) {
      const uint64_t seed = e.seeds[static_cast<size_t>(i)] + static_cast<uint64_t>(parameters_.seed);
      const auto step =
          1 + static_cast<int64_t>(std::mt19937_64(seed)() % static_cast<uint64_t>(classes - 1));
      other[i] = (other[i].item<int64_t>() + step) % classes;
    }
    ExplainOptions options = e.options;
    options.targets = {"input"};
    options.given_target = other;
    const Attribution of_other = e.method.explain(e.model.model(), e.inputs, options);
    return {{rank_correlation(e.relevance, e.features.relevance(of_other))}, {}};
  }
};

}  // namespace

std::vector<MetricInfo> randomization_metrics() {
  return {
      metric_info<Mprt>("mprt", "similarity to explanations of a model with random weights, layer by layer",
                        "Adebayo et al. 2018, arXiv:1810.03292"),
      metric_info<SmoothMprt>("smooth-mprt", "mprt of means over noisy inputs", "Hedstroem et al. 2023"),
      metric_info<EfficientMprt>("efficient-mprt", "rise in complexity when all weights are random",
                                 "Hedstroem et al. 2023"),
      metric_info<RandomLogit>("random-logit", "similarity to the explanation of another class",
                               "Sixt et al. 2020, arXiv:1912.09818")};
}

}  // namespace lrpp::evaluation
