// Fuzzes the reader of tokenizer.json: any JSON gives a tokenizer that encodes and decodes, or a UserError.
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view texts[] = {
    "",
    "Hello world, don't <s> 1234 \t\r\n\n  ",
    "na\xC3\xAFve e\xCC\x81 \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x98\x80 \xEF\xAC\x81 \xC4\xB0 \xE2\x96\x81",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
};

/// What callers rely on.
void check(const lrpp::Tokenizer& tokenizer, std::string_view text) {
  const lrpp::Encoding encoding = tokenizer.encode(text);
  const std::size_t count = encoding.ids.size();
  LRPP_ASSERT(
      encoding.tokens.size() == count && encoding.offsets.size() == count && encoding.special.size() == count,
      "the vectors of an encoding differ in length");
  try {
    static_cast<void>(tokenizer.decode(encoding.ids));
  } catch (const lrpp::UserError&) {  // A post-processor's ids need not be in the vocabulary.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(data, data + size, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return 0;
  try {
    const auto tokenizer = lrpp::Tokenizer::from_json(json, "fuzz");
    for (const std::string_view text : texts) {
      try {
        check(tokenizer, text);
      } catch (const lrpp::UserError&) {  // The text has no tokens in this vocabulary.
      }
    }
    // The input itself as a text: it need not be ASCII, and may be no UTF-8 at all.
    check(tokenizer, std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const lrpp::UserError&) {  // What every wrong file must end in.
  }
  return 0;
}
