#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/terminal_layers.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lrpp {

std::string layers_terminal(const Report& report, int width) {
  require(width >= least_terminal_width, "report", "width must be at least {} columns; got {}",
          least_terminal_width, width);
  if (report.layers.empty()) return "no place between layers that everything passes through\n";
  std::vector<double> sums;
  double largest = 0;
  for (const Report::Layer& layer : report.layers) {
    sums.push_back(std::accumulate(layer.relevance.begin(), layer.relevance.end(), 0.0));
    largest = std::max(largest, std::abs(sums.back()));
  }
  const NumberFormat format(largest);
  int names = 5, numbers = 3;
  for (size_t i = 0; i < sums.size(); ++i) {
    names = std::max(names, display_width(show_hidden(report.layers[i].name)));
    numbers = std::max(numbers, static_cast<int>(format(sums[i]).size()));
  }
  names = std::min(names, width - numbers - 4);
  const int bar = std::min(30, width - names - numbers - 6);
  std::string text =
      fmt::format("{} that enters each layer, in all\n", report.multiplier ? "gradient" : "relevance");
  for (size_t i = 0; i < sums.size(); ++i) {
    // The end of a long name tells the layers apart.
    std::u32string name = decode_utf8(show_hidden(report.layers[i].name));
    while (display_width(encode_utf8(name)) > names) name.erase(0, 1);
    const std::string shown = encode_utf8(name);
    const int length =
        bar < 3 || largest == 0 ? 0 : static_cast<int>(std::lround(std::abs(sums[i]) / largest * bar));
    text += fmt::format("  {}{}  {:>{}}{}{}\n", shown,
                        std::string(static_cast<size_t>(names - display_width(shown)), ' '), format(sums[i]),
                        numbers, length > 0 ? "  " : "",
                        std::string(static_cast<size_t>(length), sums[i] < 0 ? '-' : '+'));
  }
  return text;
}

}  // namespace lrpp
