#pragma once

#include <lrpp/framework/report/report.h>

#include <string>
#include <vector>

namespace lrpp {

/// Values of one list with the same number of decimals, so that they line up: three digits for `largest`.
class NumberFormat {
 public:
  explicit NumberFormat(double largest);
  /// With its sign; zero has none.
  std::string operator()(double value) const;

 private:
  int decimals_ = 0;
  bool scientific_ = false;
};

/// Three digits, without a plus sign.
std::string format_number(double value);
/// All digits: those of float32 where the value is one.
std::string format_exact(double value);
/// Nine digits: a sum of decimals, without the noise of float64 behind them.
std::string format_sum(double value);
/// 0.914 -> "91.4 %"
std::string format_percent(double probability);

/// The target's output, null for a contrast; and the largest other output, null where there is none.
struct TargetOutputs {
  const Report::Output* target = nullptr;
  const Report::Output* runner_up = nullptr;
};
TargetOutputs find_outputs(const Report& report);

/// What the sum of relevance says against the score, as one sentence.
std::string sum_sentence(const Report& report);

/// Nodes that have op, rule and parameters in common, in the order of the graph.
struct RuleUse {
  std::string op, rule, parameters;
  size_t count = 0;
};
/// From the provenance's "rules"; none where it has none.
std::vector<RuleUse> rules_used(const Json& provenance);

/// The string at /key (a JSON pointer), or nothing.
std::string string_at(const Json& json, const char* pointer);

}  // namespace lrpp
