#pragma once

#include <lrpp/framework/io/image.h>
#include <lrpp/framework/io/json.h>

#include <string>
#include <vector>

namespace lrpp {

/// What an evaluation found, for people. No tensors: it is made after the mathematics is done.
struct EvaluationReport {
  struct Value {
    double mean = 0, low = 0, high = 0;  ///< and its interval
  };
  /// A score of a metric, and what each method got: in the order of `methods`.
  struct Score {
    std::string metric, name;
    int better = 0;  ///< 1: higher is better, -1: lower, 0: neither
    std::vector<Value> values;
    std::vector<Value> differences;  ///< the first method's less each method's, example by example
    std::vector<double> p;           ///< of those: that they are 0
  };
  struct Method {
    std::string name;
    double per_second = 0;  ///< explanations
  };
  /// One line of a metric's plot.
  struct Curve {
    std::string metric, name;  ///< "flipping", "MoRF"
    size_t method = 0;
    std::vector<double> at;  ///< shares from 0 to 1
    std::vector<Value> values;
  };

  std::string model, data;
  int64_t examples = 0, skipped = 0;
  double accuracy = -1;  ///< of the model on the data; below 0 where there are no labels
  std::string target;
  double confidence = 0.95;  ///< of the intervals
  std::vector<Method> methods;
  std::vector<Score> scores;
  std::vector<Curve> curves;
  Json settings;  ///< what someone needs to measure the same again
};

Json to_json(const EvaluationReport& report);
std::string render_markdown(const EvaluationReport& report);
/// One page without scripts and without anything to load: tables, and curves as vector graphics.
std::string render_html(const EvaluationReport& report);
/// The curves, a plot for each metric that has some. Throws UserError where none has.
Image render_curves(const EvaluationReport& report);

}  // namespace lrpp
