#pragma once

#include <lrpp/framework/report/report.h>
#include <lrpp/framework/report/terminal_lines.h>

namespace lrpp {

/// Fewer columns hold no report.
inline constexpr int least_terminal_width = 20;

/// One line of a report's head: its label, then its value in a column of its own; nothing for no value.
void write_fact(TerminalLines& lines, int width, std::string_view label, std::string_view value);

/// Model, composite, target and what the model puts next to it.
void write_facts(TerminalLines& lines, int width, const Report& report);

/// What the colours of a map stand for, from -largest to largest.
void write_color_scale(TerminalLines& lines, const Report& report, double largest);

}  // namespace lrpp
