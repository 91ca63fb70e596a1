#include <fmt/format.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string text_of(const Json* json) {
  if (json == nullptr || json->is_null()) return "";
  return json->is_string() ? json->get<std::string>()
                           : json->dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// "epsilon = 1e-06, gamma = 0.25"
std::string parameter_list(const Json* parameters) {
  if (parameters == nullptr || !parameters->is_object()) return text_of(parameters);
  std::string result;
  for (const auto& [key, value] : parameters->items())
    result += fmt::format("{}{} = {}", result.empty() ? "" : ", ", key, text_of(&value));
  return result;
}

}  // namespace

NumberFormat::NumberFormat(double largest) {
  largest = std::abs(largest);
  if (largest == 0) return;
  // Beyond these a reader counts zeros.
  scientific_ = largest < 1e-3 || largest >= 1e6;
  decimals_ = scientific_ ? 2 : std::clamp(2 - static_cast<int>(std::floor(std::log10(largest))), 0, 5);
}

std::string NumberFormat::operator()(double value) const {
  if (value == 0) return "0";
  if (scientific_) return fmt::format("{:+.{}e}", value, decimals_);
  std::string result = fmt::format("{:+.{}f}", value, decimals_);
  // A value too small to show keeps no sign: "-0.00" would look like a finding.
  if (result.find_first_of("123456789") == std::string::npos) result.erase(0, 1);
  return result;
}

std::string format_number(double value) {
  std::string result = NumberFormat(value)(value);
  if (result.front() == '+') result.erase(0, 1);
  return result;
}

std::string format_exact(double value) {
  if (value == 0) return "0";
  const auto narrow = static_cast<float>(value);
  return static_cast<double>(narrow) == value ? fmt::format("{:+}", narrow) : fmt::format("{:+}", value);
}

std::string format_sum(double value) { return value == 0 ? "0" : fmt::format("{:+.9g}", value); }

std::string format_percent(double probability) {
  const double percent = 100 * probability;
  if (probability > 0 && percent < 0.1) return "< 0.1 %";
  if (probability < 1 && percent > 99.9) return "> 99.9 %";
  return fmt::format("{:.1f} %", percent);
}

TargetOutputs find_outputs(const Report& report) {
  TargetOutputs result;
  for (const auto& output : report.outputs) {
    if (result.target == nullptr && output.label == report.target) {
      result.target = &output;
    } else if (result.runner_up == nullptr) {
      result.runner_up = &output;
    }
  }
  return result;
}

std::string sum_sentence(const Report& report) {
  const bool from_one = string_at(report.provenance, "/start") == "one";
  const double sum = report.relevance_sum;
  if (report.multiplier) {
    return fmt::format("these are gradients, which need not add up: they sum to {}, and the score is {}",
                       format_number(sum), format_number(report.score));
  }
  const double whole = from_one ? 1 : report.score;
  const std::string goal = from_one ? "the 1 put on the target" : "the score " + format_number(whole);
  // A thousandth is below the digits shown, and above what float32 loses in rounding.
  if (std::abs(sum - whole) <= 1e-3 * std::abs(whole))
    return fmt::format("relevance sums to {}: all of {}", format_number(sum), goal);
  if (report.kind != "composite") {
    return fmt::format("relevance sums to {}, and {} {}; no rule keeps account of the difference",
                       format_number(sum), from_one ? "what was put on the target is" : "the score is",
                       format_number(whole));
  }
  if (sum / whole >= 0 && sum / whole <= 1) {
    return fmt::format("relevance sums to {} of {}; the rest was absorbed on the way (see `lrpp audit`)",
                       format_number(sum), goal);
  }
  // More than the score, or of the other sign: what was absorbed was negative, and "the rest" would mislead.
  return fmt::format(
      "relevance sums to {}, unlike {}; the difference of {} was absorbed on the way (see `lrpp audit`)",
      format_number(sum), goal, format_number(whole - sum));
}

std::vector<RuleUse> rules_used(const Json& provenance) {
  std::vector<RuleUse> result;
  const Json* rules = member(provenance, "rules");
  if (rules == nullptr || !rules->is_array()) return result;
  for (const Json& entry : *rules) {
    RuleUse use{text_of(member(entry, "op")), text_of(member(entry, "rule")),
                parameter_list(member(entry, "parameters")), 1};
    const auto same = std::find_if(result.begin(), result.end(), [&](const RuleUse& other) {
      return other.op == use.op && other.rule == use.rule && other.parameters == use.parameters;
    });
    if (same == result.end()) {
      result.push_back(std::move(use));
    } else {
      ++same->count;
    }
  }
  return result;
}

std::string string_at(const Json& json, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!json.is_object() || !json.contains(path)) return "";
  return text_of(&json.at(path));
}

}  // namespace lrpp
