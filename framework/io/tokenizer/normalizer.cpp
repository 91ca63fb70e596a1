#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/byte_level.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/normalizer.h>
#include <lrpp/framework/io/tokenizer/pattern.h>
#include <lrpp/framework/io/tokenizer/unicode.h>
#include <lrpp/framework/io/tokenizer/unicode_normalization.h>

#include <utility>
#include <vector>

namespace lrpp::tokenization {
namespace {

constexpr auto same = [](char32_t c) { return c; };

void lowercase(AlignedText& text) {
  AlignedText out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Span span = text.span(i);
    char32_t second = 0;
    out.append(to_lower(next_code_point(text.text(), i), second), span);
    if (second != 0) out.append(second, span);
  }
  text = std::move(out);
}

void strip(AlignedText& text, bool left, bool right) {
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    size_t next = begin;
    if (!is_white_space(next_code_point(text.text(), next))) break;
    begin = next;
  }
  while (right && end > begin) {
    const char32_t c = previous_code_point(text.text(), end);
    if (!is_white_space(c)) break;
    end -= utf8_length(c);
  }
  AlignedText out;
  out.append(text, begin, end);
  text = std::move(out);
}

/// A normalizer that is a function.
template <class Function>
class Simple final : public Normalizer {
 public:
  explicit Simple(Function function) : function_(std::move(function)) {}
  void apply(AlignedText& text) const override { function_(text); }

 private:
  Function function_;
};

template <class Function>
std::unique_ptr<const Normalizer> simple(Function function) {
  return std::make_unique<Simple<Function>>(std::move(function));
}

class Bert final : public Normalizer {
 public:
  explicit Bert(const JsonObject& json)
      : clean_(json.boolean("clean_text")),
        split_cjk_(json.boolean("handle_chinese_chars")),
        lowercase_(json.boolean("lowercase")),
        strip_accents_(json.boolean("strip_accents", lowercase_)) {
    json.allow_only({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  }

  void apply(AlignedText& text) const override {
    if (clean_) clean(text);
    if (split_cjk_) split_cjk(text);
    if (strip_accents_) {
      normalize_unicode(text, NormalizationForm::nfd);
      text.filter_map([](char32_t c) { return c < 0x80 || !is_nonspacing_mark(c); }, same);
    }
    if (lowercase_) lowercase(text);
  }

 private:
  static void clean(AlignedText& text) {
    const auto keep = [](char32_t c) {
      const bool kept_control = c == '\t' || c == '\n' || c == '\r';
      return kept_control || (c != 0 && c != 0xFFFD && !is_control_like(c));
    };
    text.filter_map(keep, [](char32_t c) { return is_white_space(c) ? U' ' : c; });
  }

  static void split_cjk(AlignedText& text) {
    if (is_ascii(text.text())) return;
    AlignedText out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
      const Span span = text.span(i);
      const char32_t c = next_code_point(text.text(), i);
      const bool spaced = is_cjk_ideograph(c);
      if (spaced) out.append(U' ', span);
      out.append(c, span);
      if (spaced) out.append(U' ', span);
    }
    text = std::move(out);
  }

  bool clean_, split_cjk_, lowercase_, strip_accents_;
};

class Replace final : public Normalizer {
 public:
  explicit Replace(const JsonObject& json) : pattern_(json), content_(json.string("content")) {
    json.allow_only({"type", "pattern", "content"});
  }

  void apply(AlignedText& text) const override {
    if (text.empty()) return;
    AlignedText out;
    out.reserve(text.size());
    for (const Segment& s : pattern_.segments(text.text())) {
      if (!s.is_match) {
        out.append(text, s.begin, s.end);
      } else if (s.end > 0) {
        out.append(content_, text.span(s.end - 1));
      } else {
        out.append(content_, Span{text.span(0).begin, text.span(0).begin});
      }
    }
    text = std::move(out);
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class Sequence final : public Normalizer {
 public:
  Sequence(const JsonObject& json, int depth) {
    json.allow_only({"type", "normalizers"});
    const std::string where = json.at("normalizers");
    for (const auto& part : as_array(json.required("normalizers"), where)) {
      parts_.push_back(read_normalizer(part, fmt::format("{}[{}]", where, parts_.size()), depth + 1));
    }
  }
  void apply(AlignedText& text) const override {
    for (const auto& part : parts_) part->apply(text);
  }

 private:
  std::vector<std::unique_ptr<const Normalizer>> parts_;
};

/// What SentencePiece's NMT rules remove, and what they turn into a space.
void normalize_nmt(AlignedText& text) {
  const auto keep = [](char32_t c) {
    const bool control = (c >= 1 && c <= 8) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F;
    return !control && c != 0x8F && c != 0x9F;
  };
  text.filter_map(keep, [](char32_t c) {
    const bool space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                       (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                       c == 0xFEFF || c == 0xFFFD;
    return space ? U' ' : c;
  });
}

void prepend(AlignedText& text, const std::string& prefix) {
  if (text.empty()) return;
  AlignedText out;
  out.reserve(text.size() + prefix.size());
  out.append(prefix, text.span(0));
  out.append(text, 0, text.size());
  text = std::move(out);
}

void byte_level(AlignedText& text) {
  AlignedText out;
  out.reserve(text.size() * 2);
  for (size_t i = 0; i < text.size(); ++i) {
    out.append(byte_character(static_cast<unsigned char>(text.text()[i])), text.span(i));
  }
  text = std::move(out);
}

/// The types that take no parameters.
std::unique_ptr<const Normalizer> read_plain(const std::string& type) {
  const auto unicode = [](NormalizationForm form) {
    return simple([form](AlignedText& text) { normalize_unicode(text, form); });
  };
  if (type == "NFC") return unicode(NormalizationForm::nfc);
  if (type == "NFD") return unicode(NormalizationForm::nfd);
  if (type == "NFKC") return unicode(NormalizationForm::nfkc);
  if (type == "NFKD") return unicode(NormalizationForm::nfkd);
  if (type == "Lowercase") return simple(lowercase);
  if (type == "Nmt") return simple(normalize_nmt);
  if (type == "ByteLevel") return simple(byte_level);
  if (type == "StripAccents") {
    return simple(
        [](AlignedText& text) { text.filter_map([](char32_t c) { return c < 0x80 || !is_mark(c); }, same); });
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<const Normalizer> read_normalizer(const nlohmann::json& value, const std::string& where,
                                                  int depth) {
  require(depth < max_nesting, where,
          "Sequences must not be nested deeper than {}; deeper came. Flatten them", max_nesting);
  const JsonObject json(value, where);
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<Sequence>(json, depth);
  if (type == "BertNormalizer") return std::make_unique<Bert>(json);
  if (type == "Replace") return std::make_unique<Replace>(json);
  if (type == "Strip") {
    json.allow_only({"type", "strip_left", "strip_right"});
    return simple([left = json.boolean("strip_left"),
                   right = json.boolean("strip_right")](AlignedText& text) { strip(text, left, right); });
  }
  if (type == "Prepend") {
    json.allow_only({"type", "prepend"});
    return simple([prefix = json.string("prepend")](AlignedText& text) { prepend(text, prefix); });
  }
  if (type == "Precompiled") {
    json.allow_only({"type", "precompiled_charsmap"});
    return make_precompiled_normalizer(json.string("precompiled_charsmap"), json.at("precompiled_charsmap"));
  }
  if (auto plain = read_plain(type)) {
    json.allow_only({"type"});
    return plain;
  }
  json.fail_type(
      "normalizer",
      "BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, Nmt, "
      "ByteLevel, Precompiled, Sequence");
}

}  // namespace lrpp::tokenization
