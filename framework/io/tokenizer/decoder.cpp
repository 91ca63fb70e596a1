#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/byte_level.h>
#include <lrpp/framework/io/tokenizer/decoder.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/pattern.h>
#include <lrpp/framework/io/tokenizer/pre_tokenizer.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace lrpp::tokenization {
namespace {

using Tokens = std::vector<std::string>;

std::string replace_all(const std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  std::string out;
  size_t last = 0;
  for (size_t at = 0; (at = text.find(from, last)) != std::string::npos; last = at + from.size()) {
    out.append(text, last, at - last).append(to);
  }
  return out.append(text, last);
}

std::string joined(const Tokens& tokens) {
  std::string out;
  for (const std::string& token : tokens) out += token;
  return out;
}

/// Takes back the spaces that word-level tokenisation put into English.
std::string clean_up(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : rules) text = replace_all(text, from, to);
  return text;
}

void decode_byte_level(Tokens& tokens) {
  std::string bytes;
  for (const std::string& token : tokens) bytes += bytes_of_characters(token).value_or(token);
  tokens = {utf8_lossy(bytes)};
}

/// The byte that a token such as "<0x0A>" stands for, or -1.
int byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int byte = -1;
  const char* const begin = token.data() + 3;
  // Rust's parser, whose results the fixtures have, takes a sign too: "<0x+A>".
  const auto result = std::from_chars(begin + (*begin == '+' ? 1 : 0), begin + 2, byte, 16);
  return result.ec == std::errc() && result.ptr == begin + 2 && *begin != '-' ? byte : -1;
}

void decode_byte_fallback(Tokens& tokens) {
  Tokens out;
  std::string bytes;
  const auto flush = [&] {
    if (find_invalid_utf8(bytes) == std::string::npos) {
      if (!bytes.empty()) out.push_back(bytes);
    } else {
      out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
    }
    bytes.clear();
  };
  for (std::string& token : tokens) {
    const int byte = byte_of(token);
    if (byte >= 0) {
      bytes.push_back(static_cast<char>(byte));
    } else {
      flush();
      out.push_back(std::move(token));
    }
  }
  flush();
  tokens = std::move(out);
}

/// Up to `start` and `stop` characters `c` off the ends.
std::string stripped(std::string_view token, char32_t c, int64_t start, int64_t stop) {
  while (start-- > 0 && !token.empty()) {
    size_t next = 0;
    if (next_code_point(token, next) != c) break;
    token.remove_prefix(next);
  }
  while (stop-- > 0 && !token.empty() && previous_code_point(token, token.size()) == c) {
    token.remove_suffix(utf8_length(c));
  }
  return std::string(token);
}

template <class Function>
class Simple final : public Decoder {
 public:
  explicit Simple(Function function) : function_(std::move(function)) {}
  void apply(Tokens& tokens) const override { function_(tokens); }

 private:
  Function function_;
};

template <class Function>
std::unique_ptr<const Decoder> simple(Function function) {
  return std::make_unique<Simple<Function>>(std::move(function));
}

std::unique_ptr<const Decoder> read_word_piece(const JsonObject& json) {
  json.allow_only({"type", "prefix", "cleanup"});
  return simple([prefix = json.string("prefix"), cleanup = json.boolean("cleanup")](Tokens& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
      if (cleanup) token = clean_up(std::move(token));
    }
  });
}

std::unique_ptr<const Decoder> read_metaspace(const JsonObject& json) {
  json.allow_only({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
  std::string replacement;
  append_utf8(replacement, json.character("replacement"));
  const bool prefixed = read_prepend_scheme(json) != PrependScheme::never;
  return simple([replacement, prefixed](Tokens& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_all(tokens[i], replacement, i == 0 && prefixed ? "" : " ");
    }
  });
}

std::unique_ptr<const Decoder> read_replace(const JsonObject& json) {
  json.allow_only({"type", "pattern", "content"});
  return simple([pattern = Pattern(json), content = json.string("content")](Tokens& tokens) {
    for (std::string& token : tokens) {
      std::string out;
      for (const Segment& s : pattern.segments(token)) {
        out +=
            s.is_match ? std::string_view(content) : std::string_view(token).substr(s.begin, s.end - s.begin);
      }
      token = std::move(out);
    }
  });
}

std::unique_ptr<const Decoder> read_bpe(const JsonObject& json) {
  json.allow_only({"type", "suffix"});
  return simple([suffix = json.string("suffix")](Tokens& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_all(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
    }
  });
}

std::unique_ptr<const Decoder> read_sequence(const JsonObject& json, int depth) {
  json.allow_only({"type", "decoders"});
  std::vector<std::unique_ptr<const Decoder>> steps;
  const std::string where = json.at("decoders");
  for (const auto& step : as_array(json.required("decoders"), where)) {
    steps.push_back(read_decoder(step, fmt::format("{}[{}]", where, steps.size()), depth + 1));
  }
  return simple([steps = std::move(steps)](Tokens& tokens) {
    for (const auto& step : steps) step->apply(tokens);
  });
}

}  // namespace

std::unique_ptr<const Decoder> read_decoder(const nlohmann::json& value, const std::string& where,
                                            int depth) {
  require(depth < max_nesting, where,
          "Sequences must not be nested deeper than {}; deeper came. Flatten them", max_nesting);
  const JsonObject json(value, where);
  const std::string type = json.type();
  if (type == "Sequence") return read_sequence(json, depth);
  if (type == "WordPiece") return read_word_piece(json);
  if (type == "Metaspace") return read_metaspace(json);
  if (type == "Replace") return read_replace(json);
  if (type == "BPEDecoder") return read_bpe(json);
  if (type == "ByteLevel") {
    json.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return simple(decode_byte_level);
  }
  if (type == "ByteFallback") {
    json.allow_only({"type"});
    return simple(decode_byte_fallback);
  }
  if (type == "Fuse") {
    json.allow_only({"type"});
    return simple([](Tokens& tokens) { tokens = {joined(tokens)}; });
  }
  if (type == "Strip") {
    json.allow_only({"type", "content", "start", "stop"});
    return simple(
        [c = json.character("content"), start = json.id("start"), stop = json.id("stop")](Tokens& tokens) {
          for (std::string& token : tokens) token = stripped(token, c, start, stop);
        });
  }
  json.fail_type("decoder",
                 "ByteLevel, WordPiece, Metaspace, BPEDecoder, Replace, ByteFallback, Fuse, Strip, Sequence");
}

}  // namespace lrpp::tokenization
