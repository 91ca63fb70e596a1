#include <lrpp/cli/commands.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/report/audit_report.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

double total(const Tensor& per_example) { return per_example.sum().item<double>(); }

Json to_json(const Ledger& ledger, double tolerance, const Json& provenance) {
  Json rows = Json::array();
  for (const LedgerRow& row : ledger.rows) {
    rows.push_back({{"node", row.node},
                    {"op", row.op},
                    {"rule", row.rule},
                    {"reached", row.reached},
                    {"in", total(row.in)},
                    {"out", total(row.out)},
                    {"bias", total(row.bias)},
                    {"stabilizer", total(row.stabilizer)},
                    {"held", total(row.held)},
                    {"by_rule", total(row.by_rule)},
                    {"relative_imbalance", ledger.relative_imbalance(row)}});
  }
  return {
      {"balances", ledger.unbalanced(tolerance).empty() && ledger.relative_total_imbalance() <= tolerance},
      {"tolerance", tolerance},
      {"seed", total(ledger.seed)},
      {"attributed", total(ledger.attributed)},
      {"relative_total_imbalance", ledger.relative_total_imbalance()},
      {"nodes", std::move(rows)},
      {"provenance", provenance}};
}

AuditReport make_report(const Ledger& ledger, const Explanation& explanation, double tolerance) {
  AuditReport report;
  Report facts;
  fill_report(facts, explanation, /*row=*/0);
  report.model = facts.model;
  report.composite = facts.method;
  const int64_t count = explanation.attribution.score.size(0);
  report.target = count == 1 ? facts.target : fmt::format("{} explanations, summed", count);
  report.seed = total(ledger.seed);
  report.attributed = total(ledger.attributed);
  report.tolerance = tolerance;
  report.rest = ledger.relative_total_imbalance();
  report.provenance = explanation.record;
  for (const LedgerRow& row : ledger.rows) {
    AuditReport::Node& node = report.nodes.emplace_back();
    node.node = row.node;
    node.op = row.op;
    node.rule = row.rule;
    node.reached = row.reached;
    if (!row.reached) continue;
    node.in = total(row.in);
    node.out = total(row.out);
    node.absorbed = {total(row.bias), total(row.stabilizer), total(row.held), total(row.by_rule)};
    node.imbalance = ledger.relative_imbalance(row);
  }
  return report;
}

void print_rows(const AuditReport& report) {
  size_t node = 4, rule = 4;
  for (const AuditReport::Node& row : report.nodes) {
    node = std::max(node, row.node.size());
    rule = std::max(rule, row.rule.size());
  }
  fmt::print("{:{}}  {:{}} {:>12} {:>12} {:>12} {:>12} {:>12} {:>12} {:>10}\n", "node", node, "rule", rule,
             "in", "out", "bias", "stabilizer", "held", "by rule", "imbalance");
  for (auto row = report.nodes.rbegin(); row != report.nodes.rend(); ++row) {
    const std::string name = row->rule.empty() ? "(source)" : row->rule;
    if (!row->reached) {
      fmt::print("{:{}}  {:{}} {:>12}\n", row->node, node, name, rule, "not reached");
      continue;
    }
    const AuditReport::Absorbed& absorbed = row->absorbed;
    fmt::print("{:{}}  {:{}} {:12.5g} {:12.5g} {:12.5g} {:12.5g} {:12.5g} {:12.5g} {:10.1e}\n", row->node,
               node, name, rule, row->in, row->out, absorbed.bias, absorbed.stabilizer, absorbed.held,
               absorbed.by_rule, row->imbalance);
  }
}

/// Prints the verdict and returns whether the ledger balances.
bool print_verdict(const Ledger& ledger, const AuditReport& report) {
  const Flow flow = report.flow();
  const double tolerance = report.tolerance, rest = report.rest;
  fmt::print(
      "\nseed {:.6g} = inputs {:.6g} + bias {:.6g} + stabilizer {:.6g} + held {:.6g} + by rule {:.6g}\n",
      flow.seed, flow.attributed, flow.absorbed.bias, flow.absorbed.stabilizer, flow.absorbed.held,
      flow.absorbed.by_rule);
  const auto worst = ledger.unbalanced(tolerance);
  if (worst.empty() && rest <= tolerance) {
    fmt::print("The ledger balances at every node to {:.0e} of the seed (in all: {:.1e}).\n", tolerance,
               rest);
    return true;
  }
  fmt::print(
      "The ledger does NOT balance: {} node(s) are off by more than {:.0e} of the seed, and in all {:.1e} of "
      "it is "
      "unaccounted for.\n",
      worst.size(), tolerance, rest);
  for (size_t i = 0; i < std::min<size_t>(worst.size(), 10); ++i) {
    fmt::print("  {} (op {}, rule {}): {:.3e} of the seed\n", worst[i]->node, worst[i]->op, worst[i]->rule,
               ledger.relative_imbalance(*worst[i]));
  }
  return false;
}

int audit_command(const Request& request, const std::vector<std::string>& outputs) {
  check_outputs(outputs, {".json", ".html"});
  const Prepared prepared = prepare(request, {.ledger = true});
  const Attribution attribution = run(request, prepared);
  const double tolerance = ledger_tolerance(prepared.model.dtype);
  const Json record = cli::record(request, prepared);
  const Ledger& ledger = *attribution.ledger;
  const AuditReport report = make_report(ledger, {prepared, attribution, record}, tolerance);
  for (const std::string& output : outputs) {
    write_atomically(output, output.ends_with(".html") ? render_html(report)
                                                       : to_json(ledger, tolerance, record).dump(1) + "\n");
  }
  print_rows(report);
  const bool balances = print_verdict(ledger, report);
  std::fflush(stdout);
  tell_written(outputs);
  return balances ? done : check_failed;
}

}  // namespace

void add_audit(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("audit",
                         "account for every bit of relevance, node by node; exit 1 where the ledger "
                         "does not balance (default dtype: float64)");
  const auto request = std::make_shared<Request>();
  const auto outputs = std::make_shared<std::vector<std::string>>();
  request->computation.dtype = "float64";
  add_request_options(*command, *request);
  command
      ->add_option("--output", *outputs,
                   "also write the ledger as F.json, or as a page F.html; may be given again")
      ->take_all();
  command->callback([&exit_code, request, outputs] { exit_code = audit_command(*request, *outputs); });
}

}  // namespace lrpp::cli
