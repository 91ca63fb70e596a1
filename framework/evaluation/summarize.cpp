#include <lrpp/framework/evaluation/evaluate.h>
#include <lrpp/framework/evaluation/statistics.h>

namespace lrpp::evaluation {
namespace {

using Value = EvaluationReport::Value;

/// Resamples of a curve's point: a band in a plot needs fewer than a number in a table.
constexpr int curve_resamples = 1'000;

/// The records of one method, in the data's order.
std::vector<const Json*> records_of(const StateFile& state, const std::string& method, size_t examples) {
  std::vector<const Json*> records;
  for (size_t i = 0; i < examples; ++i) {
    records.push_back(state.find(method, static_cast<int64_t>(i)));
    TORCH_INTERNAL_ASSERT(records.back() != nullptr);
  }
  return records;
}

template <class Pick>
std::vector<double> numbers(const std::vector<const Json*>& records, const Pick& pick) {
  std::vector<double> values;
  for (const Json* record : records) values.push_back(pick(*record).template get<double>());
  return values;
}

Value value_of(const Interval& interval) { return {interval.mean, interval.low, interval.high}; }

class Summary {
 public:
  Summary(const EvaluationOptions& options, const StateFile& state, size_t examples) : options_(options) {
    for (const MethodPtr& method : options.methods)
      records_.push_back(records_of(state, describe(*method), examples));
  }

  void add_methods(EvaluationReport& report) const {
    for (size_t m = 0; m < records_.size(); ++m) {
      double seconds = 0;
      for (const double s : numbers(records_[m], [](const Json& r) { return r["seconds"]; })) seconds += s;
      const auto count = static_cast<double>(records_[m].size());
      report.methods.push_back({describe(*options_.methods[m]), seconds > 0 ? count / seconds : 0});
    }
  }

  void add_metric(EvaluationReport& report, size_t at) const {
    const Metric& metric = *options_.metrics[at];
    const std::vector<ScoreInfo> scores = metric.scores();
    for (size_t s = 0; s < scores.size(); ++s) report.scores.push_back(score(metric, scores[s], at, s));
    const std::vector<CurveInfo> curves = metric.curves();
    for (size_t m = 0; m < records_.size(); ++m)
      for (size_t c = 0; c < curves.size(); ++c) report.curves.push_back(curve(metric, curves[c], at, c, m));
  }

 private:
  EvaluationReport::Score score(const Metric& metric, const ScoreInfo& info, size_t at, size_t s) const {
    EvaluationReport::Score result;
    result.metric = describe(metric);
    result.name = info.name;
    result.better = info.better == ScoreInfo::Better::higher  ? 1
                    : info.better == ScoreInfo::Better::lower ? -1
                                                              : 0;
    std::vector<double> first;
    for (const auto& records : records_) {
      const std::vector<double> values = numbers(records, [&](const Json& r) { return r["scores"][at][s]; });
      result.values.push_back(value_of(bootstrap_mean(values, options_.seed)));
      if (first.empty()) first = values;
      std::vector<double> difference = first;
      for (size_t i = 0; i < difference.size(); ++i) difference[i] -= values[i];
      result.differences.push_back(value_of(bootstrap_mean(difference, options_.seed)));
      result.p.push_back(paired_permutation_test(first, values, options_.seed));
    }
    return result;
  }

  EvaluationReport::Curve curve(const Metric& metric, const CurveInfo& info, size_t at, size_t c,
                                size_t m) const {
    EvaluationReport::Curve result{describe(metric), info.name, m, info.at, {}};
    for (size_t k = 0; k < info.at.size(); ++k) {
      const auto values = numbers(records_[m], [&](const Json& r) { return r["curves"][at][c][k]; });
      result.values.push_back(value_of(bootstrap_mean(values, options_.seed, 0.95, curve_resamples)));
    }
    return result;
  }

  const EvaluationOptions& options_;
  std::vector<std::vector<const Json*>> records_;
};

}  // namespace

EvaluationReport summarize(const Model& model, const Dataset& dataset, const EvaluationOptions& options,
                           const StateFile& state) {
  EvaluationReport report;
  report.model = model.directory.filename().string();
  report.examples = static_cast<int64_t>(dataset.examples.size());
  report.skipped = static_cast<int64_t>(dataset.skipped.size());
  report.target = options.target;
  if (dataset.has_labels) {
    double correct = 0;
    for (const Json* r : records_of(state, describe(*options.methods[0]), dataset.examples.size()))
      correct += (*r)["correct"].get<bool>() ? 1 : 0;
    report.accuracy = correct / static_cast<double>(dataset.examples.size());
  }
  const Summary summary(options, state, dataset.examples.size());
  summary.add_methods(report);
  for (size_t i = 0; i < options.metrics.size(); ++i) summary.add_metric(report, i);
  report.settings = fingerprint(model, dataset, options);
  return report;
}

Json results(const EvaluationReport& report, const Dataset& dataset, const EvaluationOptions& options,
             const StateFile& state) {
  Json json = to_json(report);
  Json examples = Json::array();
  for (size_t i = 0; i < dataset.examples.size(); ++i) {
    const Example& e = dataset.examples[i];
    Json example = {{"name", e.name}};
    if (dataset.has_labels) example["label"] = e.label;
    Json methods = Json::object();
    for (const MethodPtr& method : options.methods) {
      const Json& record = *state.find(describe(*method), static_cast<int64_t>(i));
      Json scores = Json::object();
      for (size_t m = 0; m < options.metrics.size(); ++m) {
        Json of_metric = Json::object();
        const std::vector<ScoreInfo> infos = options.metrics[m]->scores();
        for (size_t s = 0; s < infos.size(); ++s) of_metric[infos[s].name] = record["scores"][m][s];
        scores[describe(*options.metrics[m])] = std::move(of_metric);
      }
      example["target"] = record["target"];
      if (record.contains("correct")) example["correct"] = record["correct"];
      methods[describe(*method)] = {{"logit", record["logit"]}, {"scores", std::move(scores)}};
    }
    example["methods"] = std::move(methods);
    examples.push_back(std::move(example));
  }
  json["examples"] = std::move(examples);
  if (!dataset.skipped.empty()) json["skipped"] = dataset.skipped;
  return json;
}

}  // namespace lrpp::evaluation
