#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lrpp::tokenization {

/// The printable character that stands for a byte in byte-level vocabularies, as UTF-8 (GPT-2's table).
std::string_view byte_character(unsigned char byte);

/// The character that stands for a space.
inline constexpr char32_t byte_level_space = 0x120;

/// Undoes `byte_character`; nothing where a character stands for no byte.
std::optional<std::string> bytes_of_characters(std::string_view text);

}  // namespace lrpp::tokenization
