#include <fmt/format.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>

namespace lrpp {

double Flow::Absorbed::magnitude() const {
  return std::abs(bias) + std::abs(stabilizer) + std::abs(held) + std::abs(by_rule);
}

std::vector<FlowShare> flow_shares(const Flow& flow) {
  const Flow::Absorbed& a = flow.absorbed;
  return {{"inputs", "what the explanation shows", flow.attributed},
          {"biases", "constants that a layer adds, which no input carries", a.bias},
          {"stabilisers", "what keeps divisions from zero", a.stabilizer},
          {"held", "ended at a value that the rules hold constant", a.held},
          {"rules", "kept by rules that do not conserve by definition", a.by_rule}};
}

std::string share_of_score(double value, const Flow& flow) {
  if (flow.seed == 0) return "no share";
  const std::string share = fmt::format("{:.1f} %", 100 * value / flow.seed);
  return share == "-0.0 %" ? "0.0 %" : share;  // a sign of nothing would look like a finding
}

std::string flow_sentence(const Flow& flow) {
  std::vector<FlowShare> shares = flow_shares(flow);
  std::erase_if(shares, [](const FlowShare& share) { return share.value == 0; });
  std::stable_sort(shares.begin(), shares.end(), [](const FlowShare& a, const FlowShare& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
  std::string sentence;
  for (const FlowShare& share : shares) {
    sentence +=
        fmt::format("{}{} {}", sentence.empty() ? "" : ", ", share.name, share_of_score(share.value, flow));
  }
  return sentence.empty() ? "nowhere: there was no relevance" : sentence;
}

std::string flow_html(const Flow& flow, int heading_level, bool multiplier) {
  std::vector<FlowShare> shares = flow_shares(flow);
  if (multiplier) shares[0].meaning = "inputs times gradients; the explanation shows gradients alone";
  double largest = 0;
  for (const FlowShare& share : shares) largest = std::max(largest, std::abs(share.value));
  std::string html =
      part_html("Where the score went", heading_level) + "<div class=\"band\" aria-hidden=\"true\">";
  for (size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].value == 0) continue;
    html += fmt::format("<i class=\"share{}{}\" style=\"flex-grow:{:.4g}\"></i>", i,
                        shares[i].value * flow.seed < 0 ? " back" : "", std::abs(shares[i].value) / largest);
  }
  html +=
      "</div>\n<table class=\"flow\"><thead><tr><th scope=\"col\">To</th><th scope=\"col\" "
      "class=\"num\">Relevance</th><th scope=\"col\" class=\"num\">Of the score</th><td></td></tr></thead>"
      "<tbody>\n";
  for (size_t i = 0; i < shares.size(); ++i) {
    html += fmt::format(
        "<tr><th scope=\"row\"><i class=\"swatch share{}\"></i>{} <span class=\"muted\">{}</span></th>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td>{}</tr>\n",
        i, shares[i].name, shares[i].meaning, format_number(shares[i].value),
        share_of_score(shares[i].value, flow), bar_cell(shares[i].value, largest));
  }
  return html + "</tbody></table>\n";
}

}  // namespace lrpp
