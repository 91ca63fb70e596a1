#include <lrpp/framework/io/tokenizer/byte_level.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <array>

namespace lrpp::tokenization {
namespace {

struct Table {
  std::array<std::string, 256> characters;
  std::array<int, 0x180> bytes;

  Table() {
    bytes.fill(-1);
    char32_t substitute = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
      const char32_t c = printable ? static_cast<char32_t>(byte) : substitute++;
      append_utf8(characters[static_cast<size_t>(byte)], c);
      bytes[c] = byte;
    }
  }
};

const Table& table() {
  static const Table instance;
  return instance;
}

}  // namespace

std::string_view byte_character(unsigned char byte) { return table().characters[byte]; }

std::optional<std::string> bytes_of_characters(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    const int byte = c < table().bytes.size() ? table().bytes[c] : -1;
    if (byte < 0) return std::nullopt;
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

}  // namespace lrpp::tokenization
