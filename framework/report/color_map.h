#pragma once

#include <cstdint>
#include <string>

namespace lrpp {

struct Rgb {
  uint8_t red = 0, green = 0, blue = 0;
};
/// "#rrggbb"
std::string hex(Rgb color);
/// WCAG 2.1 contrast ratio, 1 to 21; 4.5 is readable for running text.
double contrast(Rgb a, Rgb b);

/// The step of a diverging scale, symmetric around zero, that `value` falls on: -steps to steps. `largest` is
/// where the scale ends; all is 0 where `largest` is.
int shade(double value, double largest, int steps);

/// Pages colour in this many steps to each side.
inline constexpr int page_steps = 8;
enum class Theme { light, dark };
/// Colours of a page's text, and of what lies behind it.
Rgb page_text(Theme theme);
Rgb page_background(Theme theme);
/// Behind a word: from the page's background at 0 to red (positive) or blue (negative), which differ for
/// every kind of colour blindness. `page_text` is readable on all of them.
Rgb page_shade(int step, Theme theme);
/// A diverging scale without steps, for pictures: white at 0, over the pages' red and blue to their accents
/// at 1 and -1. What lies beyond is cut off.
Rgb diverging(double share);
/// Bars and marks, strong enough to be seen on the page's background (contrast of 3 or more).
Rgb page_accent(bool positive, Theme theme);

/// Terminals colour in this many steps to each side, from the 256 colours that nearly every terminal knows.
inline constexpr int terminal_steps = 4;
/// The escape sequence that sets the background and a readable foreground; empty for 0.
std::string terminal_shade(int step);
inline constexpr const char* terminal_reset = "\x1b[0m";
/// The 256-colour numbers behind `terminal_shade`.
struct TerminalColor {
  int background = 0, foreground = 0;
};
TerminalColor terminal_color(int step);

}  // namespace lrpp
