#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/byte_level.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/pattern.h>
#include <lrpp/framework/io/tokenizer/pre_tokenizer.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lrpp::tokenization {
namespace {

/// Cuts every piece of text into the segments that `segments(text)` gives.
template <class Segments>
void split_pieces(PieceList& list, Segments segments) {
  std::vector<Piece> out;
  out.reserve(list.pieces.size());
  for (const Piece& piece : list.pieces) {
    if (piece.added_id >= 0) {
      out.push_back(piece);
      continue;
    }
    for (const Segment& s : segments(list.text(piece))) {
      if (s.begin == s.end) continue;
      const size_t begin = piece.begin + s.begin;
      out.push_back({begin, piece.begin + s.end, list.buffer.span(begin).begin});
    }
  }
  list.pieces = std::move(out);
}

/// Rewrites every piece of text: `write(piece, text, out)` appends what becomes of it.
template <class Write>
void rewrite_pieces(PieceList& list, Write write) {
  AlignedText out;
  out.reserve(list.buffer.size() + list.buffer.size() / 4 + list.pieces.size());
  for (Piece& piece : list.pieces) {
    const size_t begin = out.size();
    if (piece.added_id >= 0) {
      out.append(list.buffer, piece.begin, piece.end);
    } else {
      write(piece, list.text(piece), out);
    }
    piece.begin = begin;
    piece.end = out.size();
  }
  list.buffer = std::move(out);
}

template <class Function>
class Simple final : public PreTokenizer {
 public:
  explicit Simple(Function function) : function_(std::move(function)) {}
  void apply(PieceList& list) const override { function_(list); }

 private:
  Function function_;
};

template <class Function>
std::unique_ptr<const PreTokenizer> simple(Function function) {
  return std::make_unique<Simple<Function>>(std::move(function));
}

template <class Predicate>
void split_characters(PieceList& list, Predicate matches, SplitBehavior behavior) {
  split_pieces(list, [&](std::string_view text) { return cut(character_segments(text, matches), behavior); });
}

class ByteLevel final : public PreTokenizer {
 public:
  explicit ByteLevel(const JsonObject& json)
      : add_prefix_space_(json.boolean("add_prefix_space")), use_regex_(json.boolean("use_regex", true)) {
    json.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    json.boolean(
        "trim_offsets");  // Read by the post-processor of the same type; here it only has to be valid.
  }

  void apply(PieceList& list) const override {
    if (add_prefix_space_) {
      rewrite_pieces(list, [&](const Piece& piece, std::string_view text, AlignedText& out) {
        if (!text.starts_with(' ')) out.append(" ", list.buffer.span(piece.begin));
        out.append(list.buffer, piece.begin, piece.end);
      });
    }
    if (use_regex_) {
      split_pieces(list, [&](std::string_view text) { return gpt2_.segments(text); });
    }
    rewrite_pieces(list, [&](const Piece& piece, std::string_view text, AlignedText& out) {
      for (size_t i = 0; i < text.size(); ++i) {
        out.append(byte_character(static_cast<unsigned char>(text[i])), list.buffer.span(piece.begin + i));
      }
    });
  }

 private:
  bool add_prefix_space_, use_regex_;
  /// The pattern of GPT-2's encoder.
  Pattern gpt2_{
      Regex(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", "ByteLevel")};
};

class Split final : public PreTokenizer {
 public:
  explicit Split(const JsonObject& json)
      : pattern_(json), behavior_(read_behavior(json)), invert_(json.boolean("invert")) {
    json.allow_only({"type", "pattern", "behavior", "invert"});
  }

  void apply(PieceList& list) const override {
    split_pieces(list, [&](std::string_view text) {
      auto segments = pattern_.segments(text);
      if (invert_) {
        for (Segment& s : segments) s.is_match = !s.is_match;
      }
      return cut(std::move(segments), behavior_);
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class Metaspace final : public PreTokenizer {
 public:
  explicit Metaspace(const JsonObject& json)
      : replacement_(json.character("replacement")),
        scheme_(read_prepend_scheme(json)),
        split_(json.boolean("split", true)) {
    json.allow_only({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
    append_utf8(replacement_text_, replacement_);
  }

  void apply(PieceList& list) const override {
    rewrite_pieces(list, [&](const Piece& piece, std::string_view text, AlignedText& out) {
      const bool wanted =
          scheme_ == PrependScheme::always || (scheme_ == PrependScheme::first && piece.original_begin == 0);
      const bool there = text.starts_with(' ') || text.starts_with(replacement_text_);
      if (wanted && !there && !text.empty()) out.append(replacement_text_, list.buffer.span(piece.begin));
      for (size_t i = 0; i < text.size();) {
        const size_t space = std::min(text.find(' ', i), text.size());
        out.append(list.buffer, piece.begin + i, piece.begin + space);
        if (space < text.size()) out.append(replacement_text_, list.buffer.span(piece.begin + space));
        i = space + 1;
      }
    });
    if (!split_) return;
    split_characters(
        list, [&](char32_t c) { return c == replacement_; }, SplitBehavior::merged_with_next);
  }

 private:
  char32_t replacement_;
  std::string replacement_text_;
  PrependScheme scheme_;
  bool split_;
};

class Sequence final : public PreTokenizer {
 public:
  Sequence(const JsonObject& json, int depth) {
    json.allow_only({"type", "pretokenizers"});
    const std::string where = json.at("pretokenizers");
    for (const auto& part : as_array(json.required("pretokenizers"), where)) {
      parts_.push_back(read_pre_tokenizer(part, fmt::format("{}[{}]", where, parts_.size()), depth + 1));
    }
  }
  void apply(PieceList& list) const override {
    for (const auto& part : parts_) part->apply(list);
  }

 private:
  std::vector<std::unique_ptr<const PreTokenizer>> parts_;
};

/// Runs of word characters (UTS #18, annex C) and runs of what is neither word nor white space.
Pattern whitespace_pattern() {
  constexpr std::string_view pattern =
      R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\p{White_Space}]+)";
  return Pattern(Regex::from_pcre2(pattern, "Whitespace"));
}

/// The types without regular expressions and sub-objects, or null.
std::unique_ptr<const PreTokenizer> read_plain(const std::string& type, const JsonObject& json) {
  if (type == "BertPreTokenizer") {
    json.allow_only({"type"});
    return simple([](PieceList& list) {
      split_characters(list, is_white_space, SplitBehavior::removed);
      split_characters(list, is_punctuation, SplitBehavior::isolated);
    });
  }
  if (type == "WhitespaceSplit") {
    json.allow_only({"type"});
    return simple([](PieceList& list) { split_characters(list, is_white_space, SplitBehavior::removed); });
  }
  if (type == "Punctuation") {
    json.allow_only({"type", "behavior"});
    const auto behavior = json.find("behavior") != nullptr ? read_behavior(json) : SplitBehavior::isolated;
    return simple([behavior](PieceList& list) { split_characters(list, is_punctuation, behavior); });
  }
  if (type == "Digits") {
    json.allow_only({"type", "individual_digits"});
    const auto behavior =
        json.boolean("individual_digits") ? SplitBehavior::isolated : SplitBehavior::contiguous;
    return simple([behavior](PieceList& list) { split_characters(list, is_numeric, behavior); });
  }
  if (type == "CharDelimiterSplit") {
    json.allow_only({"type", "delimiter"});
    return simple([delimiter = json.character("delimiter")](PieceList& list) {
      split_characters(
          list, [&](char32_t c) { return c == delimiter; }, SplitBehavior::removed);
    });
  }
  return nullptr;
}

}  // namespace

PrependScheme read_prepend_scheme(const JsonObject& json) {
  const std::string name = json.optional_string("prepend_scheme").value_or("always");
  const bool known = name == "always" || name == "first" || name == "never";
  require(known, json.at("prepend_scheme"), "always, first or never is required; `{}` came. Correct the file",
          name);
  if (!json.boolean("add_prefix_space", true)) {
    require(name == "never" || json.find("prepend_scheme") == nullptr, json.where(),
            "`add_prefix_space` false requires `prepend_scheme` never; `{}` came. Remove one of the two",
            name);
    return PrependScheme::never;
  }
  return name == "always"  ? PrependScheme::always
         : name == "first" ? PrependScheme::first
                           : PrependScheme::never;
}

std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const nlohmann::json& value, const std::string& where,
                                                       int depth) {
  require(depth < max_nesting, where,
          "Sequences must not be nested deeper than {}; deeper came. Flatten them", max_nesting);
  const JsonObject json(value, where);
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<Sequence>(json, depth);
  if (type == "ByteLevel") return std::make_unique<ByteLevel>(json);
  if (type == "Split") return std::make_unique<Split>(json);
  if (type == "Metaspace") return std::make_unique<Metaspace>(json);
  if (type == "Whitespace") {
    json.allow_only({"type"});
    return simple([pattern = whitespace_pattern()](PieceList& list) {
      split_pieces(list, [&](std::string_view text) {
        auto segments = pattern.segments(text);
        for (Segment& s : segments) s.is_match = !s.is_match;
        return cut(std::move(segments), SplitBehavior::removed);
      });
    });
  }
  if (auto plain = read_plain(type, json)) return plain;
  json.fail_type(
      "pre-tokenizer",
      "BertPreTokenizer, ByteLevel, Split, Metaspace, Whitespace, WhitespaceSplit, Punctuation, Digits, "
      "CharDelimiterSplit, Sequence");
}

}  // namespace lrpp::tokenization
