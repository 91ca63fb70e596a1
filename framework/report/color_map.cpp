#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace lrpp {
namespace {

double linear(uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double luminance(Rgb c) {
  return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

Rgb mix(Rgb from, Rgb to, double share) {
  const auto between = [share](uint8_t a, uint8_t b) {
    return static_cast<uint8_t>(std::lround(a + (b - a) * share));
  };
  return {between(from.red, to.red), between(from.green, to.green), between(from.blue, to.blue)};
}

// Weak colours are greyish and strong ones saturated, so that strength reads alike on dark and light
// terminals. Black (16) on the light ones, white (231) on the strongest.
constexpr std::array<TerminalColor, terminal_steps> terminal_positive = {
    {{181, 16}, {174, 16}, {167, 16}, {160, 231}}};
constexpr std::array<TerminalColor, terminal_steps> terminal_negative = {
    {{153, 16}, {110, 16}, {68, 16}, {26, 231}}};

}  // namespace

std::string hex(Rgb c) { return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue); }

double contrast(Rgb a, Rgb b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

int shade(double value, double largest, int steps) {
  if (!(largest > 0)) return 0;
  return static_cast<int>(std::lround(std::clamp(value / largest, -1.0, 1.0) * steps));
}

Rgb page_text(Theme theme) { return theme == Theme::light ? Rgb{24, 26, 31} : Rgb{236, 237, 240}; }

Rgb page_background(Theme theme) { return theme == Theme::light ? Rgb{255, 255, 255} : Rgb{22, 24, 29}; }

Rgb page_shade(int step, Theme theme) {
  LRPP_ASSERT(std::abs(step) <= page_steps, "shade {} is beyond the scale", step);
  const Rgb from = page_background(theme);
  const Rgb to = theme == Theme::light ? (step > 0 ? Rgb{250, 128, 96} : Rgb{104, 164, 250})
                                       : (step > 0 ? Rgb{172, 48, 24} : Rgb{24, 84, 190});
  return mix(from, to, std::abs(step) / static_cast<double>(page_steps));
}

Rgb diverging(double share) {
  const double strength = std::min(std::abs(share), 1.0);
  const bool weak = strength <= 0.5;
  const Rgb middle = page_shade(share > 0 ? page_steps : -page_steps, Theme::light);
  const Rgb from = weak ? page_background(Theme::light) : middle;
  const Rgb to = weak ? middle : page_accent(share > 0, Theme::light);
  return mix(from, to, weak ? 2 * strength : 2 * strength - 1);
}

Rgb page_accent(bool positive, Theme theme) {
  if (theme == Theme::light) return positive ? Rgb{200, 56, 24} : Rgb{28, 96, 208};
  return positive ? Rgb{255, 128, 92} : Rgb{104, 164, 255};
}

TerminalColor terminal_color(int step) {
  LRPP_ASSERT(step != 0 && std::abs(step) <= terminal_steps, "shade {} is not on the scale", step);
  const auto index = static_cast<size_t>(std::abs(step) - 1);
  return step > 0 ? terminal_positive[index] : terminal_negative[index];
}

std::string terminal_shade(int step) {
  if (step == 0) return "";
  const TerminalColor color = terminal_color(step);
  return fmt::format("\x1b[48;5;{};38;5;{}m", color.background, color.foreground);
}

}  // namespace lrpp
