#include <lrpp/framework/rule.h>

namespace lrpp {

Tensor total_relevance(SignalKind kind, const Tensors& values, const Tensors& signals) {
  Tensor total;
  for (size_t i = 0; i < signals.size(); ++i) {
    if (!signals[i].defined()) continue;
    total = add_defined(total, kind == SignalKind::multiplier ? dot_per_example(values.at(i), signals[i])
                                                              : sum_per_example(signals[i]));
  }
  return total;
}

std::string describe(const Rule& rule) {
  std::string text(rule.name());
  const Json parameters = rule.parameters();
  std::string inside;
  for (const auto& [key, value] : parameters.items()) {
    if (value == false) continue;  // a flag that is off says nothing
    inside += fmt::format("{}{}={}", inside.empty() ? "" : ", ", key, value.dump());
  }
  return inside.empty() ? text : fmt::format("{}({})", text, inside);
}

}  // namespace lrpp
