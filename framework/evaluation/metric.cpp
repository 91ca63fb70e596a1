#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/io/call.h>

#include <algorithm>

namespace lrpp::evaluation {

const std::vector<MetricInfo>& metrics() {
  static const std::vector<MetricInfo> all = [] {
    std::vector<MetricInfo> list;
    for (auto family :
         {perturbation_metrics(), relevance_metrics(), randomization_metrics(), robustness_metrics()})
      std::move(family.begin(), family.end(), std::back_inserter(list));
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return list;
  }();
  return all;
}

MetricPtr make_metric(const std::string& name, const Json& parameters) {
  std::vector<std::string> known;
  for (const MetricInfo& info : metrics()) {
    if (info.name == name) return info.make(parameters);
    known.push_back(info.name);
  }
  fail("metric", "unknown metric '{}'; {}", name, list_known(name, known));
}

MetricPtr parse_metric(const std::string& text) {
  const Call call = parse_call(text, "metric");
  return make_metric(call.name, call.parameters);
}

std::string describe(const Metric& metric) {
  return lrpp::describe(Call{metric.name(), metric.parameters()});
}

}  // namespace lrpp::evaluation
