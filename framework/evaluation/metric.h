#pragma once

#include <lrpp/framework/evaluation/features.h>
#include <lrpp/framework/evaluation/value_model.h>
#include <lrpp/framework/methods/method.h>

#include <memory>
#include <string>
#include <vector>

namespace lrpp::evaluation {

/// Examples of one shape, explained by one method: what a metric reads.
struct Explained {
  const Registry& registry;
  const ValueModel& model;
  const Method& method;
  const Inputs& inputs;    ///< of B examples, without padding
  ExplainOptions options;  ///< for more explanations of the same targets
  const Features& features;
  const Attribution& attribution;  ///< a row for each example
  Tensor relevance;                ///< of the features: [B, F] float64
  Tensor truth;                 ///< [B, F] bool, the features that decide; undefined where that is not known
  std::vector<uint64_t> seeds;  ///< of each example, by what it holds
  int64_t batch;                ///< inputs that run through the model together, at most

  int64_t examples() const { return relevance.size(0); }
};

/// A number that a metric gives each example.
struct ScoreInfo {
  enum class Better { higher, lower, neither };
  std::string name;
  Better better = Better::neither;
};

/// What a metric found: one row for each example.
struct Measured {
  Tensors scores;  ///< [B] float64, in the order of Metric::scores
  Tensors curves;  ///< [B, points] float64, in the order of Metric::curves
};

/// What is shown as a line over a share from 0 to 1.
struct CurveInfo {
  std::string name;        ///< "MoRF"
  std::vector<double> at;  ///< the points' shares
};

/// A measure of explanations. Immutable; asked for by name (make_metric).
class Metric {
 public:
  virtual ~Metric() = default;
  virtual std::string name() const = 0;
  virtual Json parameters() const = 0;
  /// Why it cannot measure explanations of this model, with or without ground truth; empty where it can.
  /// Asked before anything runs. Throws UserError for parameters that do not fit the model.
  virtual std::string rejects(const Model& model, bool has_truth) const { return {}; }
  virtual std::vector<ScoreInfo> scores() const = 0;
  virtual std::vector<CurveInfo> curves() const { return {}; }
  virtual Measured measure(const Explained& explained) const = 0;
};

using MetricPtr = std::shared_ptr<const Metric>;

/// A metric for listings, and how it is made of JSON parameters.
struct MetricInfo {
  std::string name, summary, source;  ///< source: the paper
  std::vector<ParameterInfo> parameters;
  std::function<MetricPtr(const Json&)> make;
};

/// All metrics, by name.
const std::vector<MetricInfo>& metrics();
/// A metric by its name. Throws UserError for an unknown one, listing those there are, and for parameters
/// that do not fit.
MetricPtr make_metric(const std::string& name, const Json& parameters = Json::object());
/// A metric as users write it, "flipping(steps=20)".
MetricPtr parse_metric(const std::string& text);
/// "flipping(quantity="logit",...)": what parse_metric reads.
std::string describe(const Metric& metric);

/// Base of metrics whose parameters are a plain struct.
template <class Parameters>
class MetricWith : public Metric {
 public:
  MetricWith(std::string name, Parameters parameters)
      : name_(std::move(name)), parameters_(std::move(parameters)) {}
  std::string name() const final { return name_; }
  Json parameters() const final { return to_json_value(parameters_); }

 protected:
  std::string name_;
  Parameters parameters_;
};

/// Registers metric class `M`, made of its name and parameters.
template <class M>
MetricInfo metric_info(std::string name, std::string summary, std::string source) {
  using P = typename M::ParameterStruct;
  return {name, std::move(summary), std::move(source), lrpp::describe<P>(),
          [name](const Json& json) -> MetricPtr {
            return std::make_shared<M>(name, from_json_value<P>(json, "metric " + name));
          }};
}

// The families; see their headers for what they compute.
std::vector<MetricInfo>
perturbation_metrics();  ///< flipping, insertion, srg, comprehensiveness, sufficiency, road
std::vector<MetricInfo> relevance_metrics();      ///< of relevance alone, and against ground truth
std::vector<MetricInfo> randomization_metrics();  ///< mprt, smooth-mprt, efficient-mprt, random-logit
std::vector<MetricInfo> robustness_metrics();     ///< max-sensitivity

}  // namespace lrpp::evaluation
