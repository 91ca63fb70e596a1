#include <fmt/format.h>
#include <lrpp/framework/report/audit_report.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lrpp {
namespace {

constexpr const char* own_style = R"css(
.wide tbody th{max-width:none}.wide th code{white-space:nowrap}.wide td{padding-left:.3rem}
th .muted{display:block}
@media (max-width:32rem){.flow .bar{display:none}tbody th{overflow-wrap:break-word}}
)css";

/// Where the score went, in the order of the way back, and how each is called.
struct Share {
  const char* name;
  const char* meaning;
  double value;
};

std::vector<Share> shares(const AuditReport& report) {
  const Flow::Absorbed a = report.total();
  return {{"inputs", "what the explanation shows", report.attributed},
          {"biases", "constants that a layer adds, which no input carries", a.bias},
          {"stabilisers", "what keeps divisions from zero", a.stabilizer},
          {"held", "ended at a value that the rules hold constant", a.held},
          {"rules", "kept by rules that do not conserve by definition", a.by_rule}};
}

std::string percent_of(double value, double seed) {
  return seed == 0 ? "no share" : fmt::format("{:.1f} %", 100 * value / seed);
}

class Page {
 public:
  explicit Page(const AuditReport& report) : report_(report) {}

  std::string write() {
    put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Audit of "
        "{}</title>\n<style>\n{}{}</style>\n"
        "</head>\n<body>\n<main>\n<h1>Did I forget something?</h1>\n<p "
        "class=\"sum\"><strong>{}</strong></p>\n",
        escape_html(report_.model), page_style(), own_style, escape_html(audit_sentence(report_)));
    put("<dl><dt>Model</dt><dd>{}</dd><dt>Composite</dt><dd>{}</dd><dt>Target</dt><dd><bdi>{}</bdi>, score "
        "{}</dd></dl>\n",
        escape_html(report_.model), escape_html(report_.composite), escape_html(report_.target),
        format_number(report_.seed));
    flow();
    nodes();
    put("<details><summary>Provenance</summary>\n<pre tabindex=\"0\">{}</pre></details>\n",
        escape_html_text(report_.provenance.dump(2, ' ', false, Json::error_handler_t::replace)));
    const std::string version = string_at(report_.provenance, "/versions/lrpp");
    put("</main>\n<footer>Made with LRP++{}</footer>\n</body>\n</html>\n",
        version.empty() ? "" : " " + escape_html(version));
    return std::move(page_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  void bar(double value, double largest) {
    const double share = largest > 0 ? 50 * std::min(1.0, std::abs(value) / largest) : 0;
    page_ += "<td class=\"bar axis\">";
    if (value != 0) {
      put("<i class=\"{}\" style=\"margin-left:{:.2f}%;width:{:.2f}%\"></i>", value > 0 ? "for" : "against",
          value > 0 ? 50 : 50 - share, share);
    }
    page_ += "</td>";
  }

  void flow() {
    const std::vector<Share> all = shares(report_);
    double largest = 0;
    for (const Share& share : all) largest = std::max(largest, std::abs(share.value));
    page_ +=
        "<h2 class=\"part\">Where the score went</h2>\n<table class=\"flow\"><thead><tr><th "
        "scope=\"col\">To</th><th "
        "scope=\"col\" "
        "class=\"num\">Relevance</th><th scope=\"col\" class=\"num\">Of the "
        "score</th><td></td></tr></thead><tbody>\n";
    for (const Share& share : all) {
      put("<tr><th scope=\"row\">{} <span class=\"muted\">{}</span></th><td class=\"num\">{}</td><td "
          "class=\"num\">{}"
          "</td>",
          share.name, share.meaning, format_number(share.value), percent_of(share.value, report_.seed));
      bar(share.value, largest);
      page_ += "</tr>\n";
    }
    page_ += "</tbody></table>\n";
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

double Flow::Absorbed::magnitude() const {
  return std::abs(bias) + std::abs(stabilizer) + std::abs(held) + std::abs(by_rule);
}

Flow::Absorbed AuditReport::total() const {
  Absorbed sum;
  for (const Node& node : nodes) {
    sum.bias += node.absorbed.bias;
    sum.stabilizer += node.absorbed.stabilizer;
    sum.held += node.absorbed.held;
    sum.by_rule += node.absorbed.by_rule;
  }
  return sum;
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
  const std::vector<Share> all = shares(report);
  const auto most = std::max_element(all.begin() + 1, all.end(), [](const Share& a, const Share& b) {
    return std::abs(a.value) < std::abs(b.value);
  });
  const std::string rest = most->value == 0
                               ? "nothing was absorbed on the way"
                               : fmt::format("of what was absorbed on the way, most went to {} ({})",
                                             most->name, percent_of(most->value, report.seed));
  return fmt::format("No: every bit of relevance is accounted for. The inputs hold {} of the score; {}.",
                     percent_of(report.attributed, report.seed), rest);
}

std::string render_html(const AuditReport& report) { return Page(report).write(); }

}  // namespace lrpp
