#include <lrpp/framework/report/tiny_font.h>

#include <array>
#include <string_view>

namespace lrpp {
namespace {

using Glyph = std::array<std::string_view, tiny_font_height>;

constexpr std::string_view characters = "0123456789+-.e";
constexpr std::array<Glyph, characters.size()> glyphs = {{
    {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "},
    {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "},
    {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"},
    {"#####", "   # ", "  #  ", "   # ", "    #", "#   #", " ### "},
    {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "},
    {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "},
    {"  ## ", " #   ", "#    ", "#### ", "#   #", "#   #", " ### "},
    {"#####", "    #", "   # ", "  #  ", "  #  ", "  #  ", "  #  "},
    {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "},
    {" ### ", "#   #", "#   #", " ####", "    #", "   # ", " ##  "},
    {"     ", "  #  ", "  #  ", "#####", "  #  ", "  #  ", "     "},
    {"     ", "     ", "     ", "#####", "     ", "     ", "     "},
    {"     ", "     ", "     ", "     ", "     ", " ##  ", " ##  "},
    {"     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "},
}};

}  // namespace

bool tiny_font_dot(char character, int64_t row, int64_t column) {
  const size_t index = characters.find(character);
  if (index == std::string_view::npos) return false;
  return glyphs[index][static_cast<size_t>(row)][static_cast<size_t>(column)] == '#';
}

}  // namespace lrpp
