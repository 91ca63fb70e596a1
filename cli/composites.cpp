#include <fmt/ranges.h>
#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>
#include <lrpp/framework/composite_json.h>

#include <algorithm>

namespace lrpp::cli {
namespace {

struct Options : ListingOptions {
  std::string name, model;
};

ListedItem listed(const CompositeInfo& composite) {
  return {composite.name, composite.summary, {}, composite.parameters};
}

/// "epsilon(epsilon=1e-06)"; sources have no rule.
std::string rule_text(const Plan::Step& step) { return step.rule ? describe(*step.rule) : "(source)"; }

/// Nodes that get the same rule, in the order of the graph.
struct RuleGroup {
  std::string rule;
  std::vector<std::string> ops;
  size_t nodes = 0;
};

std::vector<RuleGroup> group_rules(const Plan& plan) {
  std::vector<RuleGroup> groups;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (!plan.steps[i].rule) continue;
    const std::string rule = rule_text(plan.steps[i]), op(plan.graph.nodes()[i].op->type());
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.rule == rule; });
    if (group == groups.end()) group = groups.insert(group, RuleGroup{rule, {}, 0});
    ++group->nodes;
    if (std::find(group->ops.begin(), group->ops.end(), op) == group->ops.end()) group->ops.push_back(op);
  }
  return groups;
}

Json plan_json(const Model& model, const Plan& plan) {
  Json nodes = rules_record(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    // Here every node has parameters, sources none.
    if (!plan.steps[i].rule) nodes[i]["parameters"] = Json::object();
    nodes[i]["reached"] = plan.steps[i].reached;
  }
  Json summary = Json::array();
  for (const RuleGroup& group : group_rules(plan))
    summary.push_back({{"rule", group.rule}, {"nodes", group.nodes}, {"ops", group.ops}});
  return {{"composite", {{"name", plan.composite}, {"arguments", plan.arguments}}},
          {"model_type", model.model_type},
          {"canonizers", rewrites_record(plan)},
          {"summary", std::move(summary)},
          {"nodes", std::move(nodes)}};
}

void print_plan(const Model& model, const Plan& plan) {
  fmt::print("{} {} on model type {}\n", plan.composite, plan.arguments.dump(), model.model_type);
  for (const Plan::Rewrite& rewrite : plan.rewrites) {
    fmt::print("canonizer {} changed {} node(s): {}\n", rewrite.canonizer, rewrite.nodes.size(),
               fmt::join(rewrite.nodes, ", "));
  }
  size_t node = 4, op = 2;
  for (const Node& each : plan.graph.nodes()) {
    node = std::max(node, each.name.size());
    op = std::max(op, each.op->type().size());
  }
  fmt::print("\n{:{}}  {:{}}  rule\n", "node", node, "op", op);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& each = plan.graph.nodes()[i];
    fmt::print("{:{}}  {:{}}  {}{}\n", each.name, node, each.op->type(), op, rule_text(plan.steps[i]),
               plan.steps[i].reached ? "" : "  not reached");
  }
  fmt::print("\nnodes  rule, and the ops that it is for\n");
  for (const RuleGroup& group : group_rules(plan))
    fmt::print("{:5}  {}: {}\n", group.nodes, group.rule, fmt::join(group.ops, ", "));
}

/// A rules file, before it meets a model: its entries in order.
void print_entries(const Composite& composite, bool json) {
  if (json) {
    Json entries = Json::array();
    for (const Composite::Entry& entry : composite.entries)
      entries.push_back({{"match", describe(entry.match)}, {"rule", describe(*entry.rule)}});
    const Json whole = {{"name", composite.name}, {"arguments", composite.arguments}, {"entries", entries}};
    fmt::print("{}\n", whole.dump(1));
    return;
  }
  fmt::print("{} {}; the first entry that matches a node decides\n", composite.name,
             composite.arguments.dump());
  for (const Composite::Entry& entry : composite.entries)
    fmt::print("  {}: {}\n", describe(entry.match), describe(*entry.rule));
}

/// Rules of nodes have no page in docs/reference.
void require_no_markdown(const Options& options) {
  require(options.format != "markdown", "format",
          "markdown is for what `lrpp composites` lists, not for rules files and models. Use text or json");
}

void composites_command(const Options& options) {
  const Registry registry = make_registry(options.plugins);
  if (options.name.empty()) {
    std::vector<ListedItem> items;
    for (const auto& [key, composite] : registry.composites()) items.push_back(listed(composite));
    return print_listing("composites", items, options.format);
  }
  Composite composite = composite_from_argument(registry, options.name);
  if (options.model.empty()) {
    const auto found = registry.composites().find(options.name);
    if (found != registry.composites().end())
      return print_listing("composites", {listed(found->second)}, options.format);
    require_no_markdown(options);
    return print_entries(composite, options.format == "json");
  }
  require_no_markdown(options);
  const Model model = load_model(registry, options.model);
  composite.fusions.clear();  // a fused op has no rule of its own to show
  const Plan plan = make_plan(model.graph, composite);
  if (options.format == "json") {
    fmt::print("{}\n", plan_json(model, plan).dump(1, ' ', false, Json::error_handler_t::replace));
  } else {
    print_plan(model, plan);
  }
}

}  // namespace

void add_composites(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "composites", "list the composites; with NAME its arguments, with MODEL too the rule of every node");
  const auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "a composite, or a rules file F.json");
  command->add_option("MODEL", options->model, "directory with config.json and model.safetensors");
  add_listing_options(*command, *options);
  command->callback([&exit_code, options] {
    composites_command(*options);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
