#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/byte_level.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/post_processor.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace lrpp::tokenization {
namespace {

bool is_space(char32_t c) { return c == byte_level_space || is_white_space(c); }

/// Takes the spaces at both ends of the tokens out of their offsets.
void trim_offsets(Encoding& encoding, bool add_prefix_space) {
  for (size_t i = 0; i < encoding.tokens.size(); ++i) {
    const std::string_view token = encoding.tokens[i];
    auto& [begin, end] = encoding.offsets[i];
    int64_t leading = 0, trailing = 0;
    for (size_t at = 0; at < token.size() && is_space(next_code_point(token, at));) ++leading;
    for (size_t at = token.size(); at > 0; ++trailing) {
      const char32_t c = previous_code_point(token, at);
      if (!is_space(c)) break;
      at -= utf8_length(c);
    }
    // One space at the very beginning is the one that the pre-tokenizer added: it has no place in the text.
    if (leading == 1 && add_prefix_space && (i == 0 || begin == 0)) leading = 0;
    if (leading > 0) begin = std::min(begin + leading, end);
    if (trailing > 0 && end >= trailing) end = std::max(end - trailing, begin);
  }
}

Encoding special_tokens(const std::vector<std::string>& tokens, const std::vector<int64_t>& ids) {
  return {ids, tokens, std::vector<std::pair<int64_t, int64_t>>(ids.size()),
          std::vector<bool>(ids.size(), true)};
}

class ByteLevel final : public PostProcessor {
 public:
  explicit ByteLevel(const JsonObject& json)
      : add_prefix_space_(json.boolean("add_prefix_space")), trim_(json.boolean("trim_offsets")) {
    json.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    json.boolean("use_regex",
                 true);  // Read by the pre-tokenizer of the same type; here it only has to be valid.
  }
  void apply(std::vector<Encoding>& parts, bool) const override {
    if (!trim_) return;
    for (Encoding& part : parts) trim_offsets(part, add_prefix_space_);
  }
  size_t added_tokens() const override { return 0; }

 private:
  bool add_prefix_space_, trim_;
};

/// BertProcessing: [CLS] text [SEP]; RobertaProcessing: <s> text </s>, after trimming offsets.
class ClsSep final : public PostProcessor {
 public:
  ClsSep(const JsonObject& json, bool roberta)
      : roberta_(roberta),
        trim_(roberta && json.boolean("trim_offsets")),
        add_prefix_space_(roberta && json.boolean("add_prefix_space")),
        cls_(read(json, "cls")),
        sep_(read(json, "sep")) {
    if (roberta) {
      json.allow_only({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    } else {
      json.allow_only({"type", "sep", "cls"});
    }
  }

  void apply(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    for (size_t i = 0; i < parts.size(); ++i) {
      if (trim_) trim_offsets(parts[i], add_prefix_space_);
      if (!add_special_tokens) continue;
      Encoding whole;
      if (i == 0) whole = cls_;
      if (i > 0 && roberta_) whole = sep_;
      append(whole, std::move(parts[i]));
      append(whole, sep_);
      parts[i] = std::move(whole);
    }
  }
  size_t added_tokens() const override { return 2; }

 private:
  static Encoding read(const JsonObject& json, std::string_view key) {
    const auto& pair = as_array(json.required(key), json.at(key));
    require(pair.size() == 2, json.at(key), "[token, id] is required; {} came. Correct the file",
            describe(pair));
    return special_tokens({as_string(pair[0], json.at(key))}, {as_id(pair[1], json.at(key))});
  }

  bool roberta_, trim_, add_prefix_space_;
  Encoding cls_, sep_;
};

class Template final : public PostProcessor {
 public:
  explicit Template(const JsonObject& json) : where_(json.where()) {
    json.allow_only({"type", "single", "pair", "special_tokens"});
    // The template for two texts is not used here, but its tokens must exist all the same.
    read_pieces(json, "pair", true);
    pieces_ = read_pieces(json, "single", false);
    for (const Piece& piece : pieces_) added_ += piece.is_text ? 0 : piece.tokens.ids.size();
  }

  void apply(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    require(parts.size() == 1, where_,
            "a TemplateProcessing must come before other steps that add tokens; {} parts came. Reorder the "
            "Sequence",
            parts.size());
    std::vector<Encoding> out;
    for (const Piece& piece : pieces_) {
      if (piece.is_text) {
        out.push_back(parts[0]);
      } else if (add_special_tokens) {
        out.push_back(piece.tokens);
      }
    }
    parts = std::move(out);
  }
  size_t added_tokens() const override { return added_; }

 private:
  struct Piece {
    bool is_text;
    Encoding tokens;
  };

  static std::vector<Piece> read_pieces(const JsonObject& json, std::string_view key, bool pair) {
    std::vector<Piece> pieces;
    const std::string list = json.at(key);
    for (const auto& value : as_array(json.required(key), list)) {
      const std::string where = fmt::format("{}[{}]", list, pieces.size());
      const JsonObject object(value, where);
      object.allow_only({"Sequence", "SpecialToken"});
      require(value.size() == 1, where,
              "either `Sequence` or `SpecialToken` is required; {} keys came. Split it", value.size());
      const bool is_text = object.find("Sequence") != nullptr;
      const std::string_view kind = is_text ? "Sequence" : "SpecialToken";
      const JsonObject piece(object.required(kind), object.at(kind));
      piece.allow_only({"id", "type_id"});
      const std::string id = piece.string("id");
      piece.id("type_id");
      if (is_text) {
        require(id == "A" || (id == "B" && pair), piece.at("id"),
                "a text of the template is {}; `{}` came. Correct the file", pair ? "A or B" : "A", id);
      }
      pieces.push_back({is_text, is_text ? Encoding{} : read_tokens(json, id)});
    }
    return pieces;
  }

  static Encoding read_tokens(const JsonObject& json, const std::string& name) {
    const JsonObject all(json.required("special_tokens"), json.at("special_tokens"));
    const JsonObject token(all.required(name), all.at(name));
    token.allow_only({"id", "ids", "tokens"});
    std::vector<int64_t> ids;
    std::vector<std::string> tokens;
    for (const auto& id : as_array(token.required("ids"), token.at("ids")))
      ids.push_back(as_id(id, token.at("ids")));
    for (const auto& text : as_array(token.required("tokens"), token.at("tokens"))) {
      tokens.push_back(as_string(text, token.at("tokens")));
    }
    require(ids.size() == tokens.size(), token.where(),
            "`ids` and `tokens` must have the same length; {} and {} came. Correct the file", ids.size(),
            tokens.size());
    return special_tokens(tokens, ids);
  }

  std::string where_;
  std::vector<Piece> pieces_;
  size_t added_ = 0;
};

class Sequence final : public PostProcessor {
 public:
  Sequence(const JsonObject& json, int depth) {
    json.allow_only({"type", "processors"});
    const std::string where = json.at("processors");
    for (const auto& step : as_array(json.required("processors"), where)) {
      steps_.push_back(read_post_processor(step, fmt::format("{}[{}]", where, steps_.size()), depth + 1));
    }
  }
  void apply(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    for (const auto& step : steps_) step->apply(parts, add_special_tokens);
  }
  size_t added_tokens() const override {
    size_t sum = 0;
    for (const auto& step : steps_) sum += step->added_tokens();
    return sum;
  }

 private:
  std::vector<std::unique_ptr<const PostProcessor>> steps_;
};

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

void append(Encoding& encoding, Encoding part) {
  append(encoding.ids, part.ids);
  append(encoding.tokens, part.tokens);
  append(encoding.offsets, part.offsets);
  encoding.special.insert(encoding.special.end(), part.special.begin(), part.special.end());
}

std::unique_ptr<const PostProcessor> read_post_processor(const nlohmann::json& value,
                                                         const std::string& where, int depth) {
  require(depth < max_nesting, where,
          "Sequences must not be nested deeper than {}; deeper came. Flatten them", max_nesting);
  const JsonObject json(value, where);
  const std::string type = json.type();
  if (type == "Sequence") return std::make_unique<Sequence>(json, depth);
  if (type == "TemplateProcessing") return std::make_unique<Template>(json);
  if (type == "ByteLevel") return std::make_unique<ByteLevel>(json);
  if (type == "BertProcessing") return std::make_unique<ClsSep>(json, false);
  if (type == "RobertaProcessing") return std::make_unique<ClsSep>(json, true);
  json.fail_type("post-processor",
                 "TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing, Sequence");
}

}  // namespace lrpp::tokenization
