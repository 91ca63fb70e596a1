#include <fmt/format.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>

namespace lrpp {
namespace {

std::string describe(const Report::Output& output) {
  return fmt::format("{} (logit {}, probability {})", show_hidden(output.label), format_number(output.logit),
                     format_percent(output.probability));
}

}  // namespace

void write_fact(TerminalLines& lines, int width, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  lines.add(label);
  lines.space(std::max(1, 11 - display_width(label)));
  lines.hang(width >= 40 ? 11 : 2);
  lines.sentence(value);
  lines.end_line();
  lines.hang(0);
}

void write_facts(TerminalLines& lines, int width, const Report& report) {
  const TargetOutputs outputs = find_outputs(report);
  const auto fact = [&](std::string_view label, std::string_view value) {
    write_fact(lines, width, label, value);
  };
  fact("model", show_hidden(report.model));
  fact(report.kind, show_hidden(report.method));
  std::string target = fmt::format("{}, score {}", show_hidden(report.target), format_number(report.score));
  if (outputs.target != nullptr)
    target += fmt::format(", probability {}", format_percent(outputs.target->probability));
  fact("target", target);
  if (outputs.target == nullptr && !report.outputs.empty()) {
    // A contrast is no single output: show what the model itself puts first.
    fact("first", describe(report.outputs[0]));
    if (report.outputs.size() > 1) fact("second", describe(report.outputs[1]));
  } else if (outputs.runner_up != nullptr) {
    fact("runner-up", describe(*outputs.runner_up));
  }
}

void write_color_scale(TerminalLines& lines, const Report& report, double largest) {
  const NumberFormat format(largest);
  lines.sentence(fmt::format("{} {}", report.multiplier ? "negative" : "against", format(-largest)));
  lines.space();
  for (int step = -terminal_steps; step <= terminal_steps; ++step)
    lines.add(step == 0 ? "0" : step < 0 ? "-" : "+", step);
  lines.space();
  lines.sentence(fmt::format("{} {}", format(largest), report.multiplier ? "positive" : "for"));
  lines.end_line();
}

}  // namespace lrpp
