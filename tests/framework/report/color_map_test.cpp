#include <gtest/gtest.h>
#include <lrpp/framework/report/color_map.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>

namespace lrpp {
namespace {

Rgb xterm(int number) {
  if (number == 16) return {0, 0, 0};
  static constexpr std::array<uint8_t, 6> levels = {0, 95, 135, 175, 215, 255};
  const auto cube = static_cast<size_t>(number - 16);
  return {levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]};
}

TEST(ColorMap, ContrastIsWcags) {
  EXPECT_NEAR(contrast({0, 0, 0}, {255, 255, 255}), 21, 1e-9);  // by definition; rounding of the sums only
  EXPECT_NEAR(contrast({119, 119, 119}, {255, 255, 255}), 4.48,
              0.005);  // the published value has two decimals
}

TEST(ColorMap, ShadesAreSymmetricAndBounded) {
  EXPECT_EQ(shade(0, 0, 8), 0);
  EXPECT_EQ(shade(1, 0, 8), 0);
  EXPECT_EQ(shade(5, 5, 8), 8);
  EXPECT_EQ(shade(9, 5, 8), 8);
  EXPECT_EQ(shade(1e-300, 1e-300, 8), 8);
  EXPECT_EQ(shade(std::numeric_limits<double>::max(), std::numeric_limits<double>::max(), 8), 8);
  for (double value = 0; value <= 1; value += 0.03)
    EXPECT_EQ(shade(-value, 1, 8), -shade(value, 1, 8)) << value;
}

TEST(ColorMap, TextIsReadableOnEveryShade) {
  for (const Theme theme : {Theme::light, Theme::dark}) {
    for (int step = -page_steps; step <= page_steps; ++step)
      EXPECT_GE(contrast(page_text(theme), page_shade(step, theme)), 4.5) << hex(page_shade(step, theme));
    for (const bool positive : {false, true})
      EXPECT_GE(contrast(page_background(theme), page_accent(positive, theme)), 3) << positive;
  }
  for (int step = 1; step <= terminal_steps; ++step) {
    for (const int signed_step : {-step, step}) {
      const TerminalColor color = terminal_color(signed_step);
      EXPECT_GE(contrast(xterm(color.background), xterm(color.foreground)), 4.5) << signed_step;
    }
  }
}

TEST(ColorMap, StrongerIsFartherFromTheBackground) {
  for (const Theme theme : {Theme::light, Theme::dark}) {
    for (const int sign : {-1, 1}) {
      for (int step = 1; step <= page_steps; ++step) {
        EXPECT_GT(contrast(page_background(theme), page_shade(sign * step, theme)),
                  contrast(page_background(theme), page_shade(sign * (step - 1), theme)));
      }
    }
  }
}

// Red-green blindness takes away the difference of red and green; what is left is blue against their mixture.
TEST(ColorMap, SignsDifferWithoutRedAgainstGreen) {
  const auto blueness = [](Rgb c) { return c.blue - (c.red + c.green) / 2.0; };
  for (const Theme theme : {Theme::light, Theme::dark}) {
    for (int step = 2; step <= page_steps; ++step)
      EXPECT_GT(blueness(page_shade(-step, theme)), blueness(page_shade(step, theme)) + 20) << step;
  }
  for (int step = 1; step <= terminal_steps; ++step) {
    EXPECT_GT(blueness(xterm(terminal_color(-step).background)),
              blueness(xterm(terminal_color(step).background)) + 20)
        << step;
  }
}

TEST(ColorMap, ZeroHasNoTerminalColour) {
  EXPECT_EQ(terminal_shade(0), "");
  EXPECT_EQ(terminal_shade(4), "\x1b[48;5;160;38;5;231m");
}

}  // namespace
}  // namespace lrpp
