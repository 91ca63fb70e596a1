#include <lrpp/framework/bench/profile.h>

#include <algorithm>

namespace lrpp {
namespace {

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

}  // namespace

std::vector<OpRow> profile_rows(const Graph& graph, const std::map<NodePass, double>& times, int64_t runs,
                                double whole_ms, const Operations& operations, const Peaks& peaks) {
  std::map<std::pair<Pass, std::string>, OpRow> by_op;
  OpRow outside, whole;
  outside.op = "outside of nodes";
  whole.op = "all";
  whole.ms = whole_ms / static_cast<double>(runs);
  const auto add = [&](OpRow& row, const Counted& counted) {
    row.gflop += counted.flops / 1e9;
    row.mib += counted.bytes / (1 << 20);
    row.limit_ms +=
        1e-6 * std::max(ratio(counted.flops, peaks.gflop_per_s), ratio(counted.bytes, peaks.gbyte_per_s));
  };
  double in_nodes = 0;
  for (const auto& [key, ms] : times) {
    OpRow& row = by_op[{key.pass, std::string(graph.node(graph.find(key.node)).op->type())}];
    ++row.nodes;
    row.ms += ms / static_cast<double>(runs);
    in_nodes += ms / static_cast<double>(runs);
  }
  for (const auto& [key, counted] : operations.nodes) {
    add(whole, counted);
    if (key.node.empty()) {
      add(outside, counted);
    } else {
      add(by_op[{key.pass, std::string(graph.node(graph.find(key.node)).op->type())}], counted);
    }
  }
  outside.ms = std::max(whole.ms - in_nodes, 0.0);
  std::vector<OpRow> rows;
  for (auto& [key, row] : by_op) {
    row.pass = NodeScope::word(key.first);
    row.op = key.second;
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const OpRow& a, const OpRow& b) { return a.pass == b.pass && a.ms > b.ms; });
  rows.push_back(std::move(outside));
  rows.push_back(std::move(whole));
  for (OpRow& row : rows) {
    row.share = ratio(row.ms, rows.back().ms);
    row.explained = ratio(row.limit_ms, row.ms);
  }
  return rows;
}

}  // namespace lrpp
