#include <fmt/format.h>
#include <lrpp/framework/report/audit_report.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lrpp {
namespace {

constexpr const char* own_style = R"css(
.wide tbody th{max-width:none}.wide th code{white-space:nowrap}.wide td{padding-left:.3rem}
@media (max-width:32rem){tbody th{overflow-wrap:break-word}}
)css";

class Page {
 public:
  explicit Page(const AuditReport& report) : report_(report) {}

  std::string write() {
    page_ = open_page("Audit of " + escape_html(report_.model), own_style);
    put("<h1>Did I forget something?</h1>\n<p class=\"sum\"><strong>{}</strong></p>\n",
        escape_html(audit_sentence(report_)));
    put("<dl><dt>Model</dt><dd>{}</dd><dt>Composite</dt><dd>{}</dd><dt>Target</dt><dd><bdi>{}</bdi>, score "
        "{}</dd></dl>\n",
        escape_html(report_.model), escape_html(report_.composite), escape_html(report_.target),
        format_number(report_.seed));
    page_ += flow_html(report_.flow(), 2);
    nodes();
    page_ += provenance_html(report_.provenance) + close_page(report_.provenance);
    return std::move(page_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  void nodes() {
    std::vector<const AuditReport::Node*> order;
    for (const AuditReport::Node& node : report_.nodes) order.push_back(&node);
    const auto is_off = [&](const AuditReport::Node* n) {
      return n->reached && !(n->imbalance <= report_.tolerance);
    };
    std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
      if (is_off(a) != is_off(b)) return is_off(a);
      if (is_off(a)) return a->imbalance > b->imbalance;
      if (a->reached != b->reached) return a->reached;
      return a->absorbed.magnitude() > b->absorbed.magnitude();
    });
    page_ +=
        "<h2 class=\"part\">Node by node</h2>\n<p class=\"muted\">First those that do not balance, then "
        "those that absorb "
        "most.</p>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">Node</th><th "
        "scope=\"col\">Op</th>"
        "<th scope=\"col\">Rule</th>";
    for (const char* head : {"In", "Out", "Bias", "Stabiliser", "Held", "By rule", "Off by"})
      put("<th scope=\"col\" class=\"num\">{}</th>", head);
    page_ += "</tr></thead><tbody>\n";
    for (const AuditReport::Node* node : order) {
      put("<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td>", escape_html(node->node),
          escape_html(node->op),
          node->rule.empty() ? "<span class=\"muted\">source</span>" : escape_html(node->rule));
      if (!node->reached) {
        page_ +=
            "<td colspan=\"7\" class=\"muted\">not reached: nothing that is explained rests on "
            "it</td></tr>\n";
        continue;
      }
      for (const double value : {node->in, node->out, node->absorbed.bias, node->absorbed.stabilizer,
                                 node->absorbed.held, node->absorbed.by_rule})
        put("<td class=\"num\">{}</td>", value == 0 ? "" : format_number(value));
      put("<td class=\"num\">{}{:.0e}{}</td></tr>\n", is_off(node) ? "<strong>" : "", node->imbalance,
          is_off(node) ? "</strong>" : "");
    }
    page_ += "</tbody></table></div>\n";
  }

  std::string page_;
  const AuditReport& report_;
};

}  // namespace

Flow AuditReport::flow() const {
  Flow flow{seed, attributed, {}};
  for (const Node& node : nodes) {
    flow.absorbed.bias += node.absorbed.bias;
    flow.absorbed.stabilizer += node.absorbed.stabilizer;
    flow.absorbed.held += node.absorbed.held;
    flow.absorbed.by_rule += node.absorbed.by_rule;
  }
  return flow;
}

bool AuditReport::balances() const {
  // What is no number balances nowhere.
  return rest <= tolerance && std::all_of(nodes.begin(), nodes.end(), [&](const Node& node) {
           return !node.reached || node.imbalance <= tolerance;
         });
}

std::string audit_sentence(const AuditReport& report) {
  if (!report.balances()) {
    const auto off = std::count_if(
        report.nodes.begin(), report.nodes.end(),
        [&](const AuditReport::Node& node) { return node.reached && !(node.imbalance <= report.tolerance); });
    return fmt::format(
        "Yes: {} node(s) are off by more than {:.0e} of the score, and in all {:.1e} of it is unaccounted "
        "for.",
        off, report.tolerance, report.rest);
  }
  const Flow flow = report.flow();
  const std::vector<FlowShare> all = flow_shares(flow);
  const auto most = std::max_element(all.begin() + 1, all.end(), [](const FlowShare& a, const FlowShare& b) {
    return std::abs(a.value) < std::abs(b.value);
  });
  const std::string rest = most->value == 0
                               ? "nothing was absorbed on the way"
                               : fmt::format("of what was absorbed on the way, most went to {} ({})",
                                             most->name, share_of_score(most->value, flow));
  return fmt::format("No: every bit of relevance is accounted for. The inputs hold {} of the score; {}.",
                     share_of_score(report.attributed, flow), rest);
}

std::string render_html(const AuditReport& report) { return Page(report).write(); }

}  // namespace lrpp
