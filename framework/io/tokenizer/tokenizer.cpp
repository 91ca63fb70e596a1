#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/added_tokens.h>
#include <lrpp/framework/io/tokenizer/decoder.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/model.h>
#include <lrpp/framework/io/tokenizer/normalizer.h>
#include <lrpp/framework/io/tokenizer/post_processor.h>
#include <lrpp/framework/io/tokenizer/pre_tokenizer.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>

namespace lrpp {

using namespace tokenization;

namespace {

constexpr size_t max_text_bytes = size_t{16} << 20;

struct Truncation {
  size_t max_length = 0;
  size_t stride = 0;
  bool left = false;
  bool only_second = false;
  std::string where;

  explicit Truncation(const JsonObject& json)
      : max_length(static_cast<size_t>(json.id("max_length"))),
        stride(static_cast<size_t>(json.id("stride"))),
        where(json.where()) {
    json.allow_only({"direction", "max_length", "strategy", "stride"});
    const std::string direction = json.optional_string("direction").value_or("Right");
    require(direction == "Left" || direction == "Right", json.at("direction"),
            "Left or Right is required; `{}` came. Correct the file", direction);
    left = direction == "Left";
    const std::string strategy = json.string("strategy");
    only_second = strategy == "OnlySecond";
    require(only_second || strategy == "OnlyFirst" || strategy == "LongestFirst", json.at("strategy"),
            "LongestFirst, OnlyFirst or OnlySecond is required; `{}` came. Correct the file", strategy);
  }

  /// Cuts `encoding` so that `added` tokens still fit.
  void apply(Encoding& encoding, size_t added) const {
    require(added <= max_length, where,
            "`max_length` must leave room for the {} special tokens; it is {}. Raise it", added, max_length);
    const size_t length = max_length - added;
    if (encoding.ids.size() <= length) return;
    require(length == 0 || !only_second, where,
            "the strategy OnlySecond needs a second text to cut; {} tokens of one text came. Choose another "
            "strategy",
            encoding.ids.size());
    require(length == 0 || stride < length, where,
            "`stride` must be below the {} tokens kept; it is {}. Lower it", length, stride);
    const size_t surplus = encoding.ids.size() - length;
    const auto cut = [&](auto& values) {
      const auto begin = left ? values.begin() : values.end() - static_cast<std::ptrdiff_t>(surplus);
      values.erase(begin, begin + static_cast<std::ptrdiff_t>(surplus));
    };
    cut(encoding.ids);
    cut(encoding.tokens);
    cut(encoding.offsets);
    cut(encoding.special);
  }
};

/// Byte offsets of the original text as code points.
class CodePointOffsets {
 public:
  explicit CodePointOffsets(std::string_view text) : size_(text.size()), ascii_(is_ascii(text)) {
    if (ascii_) return;
    index_.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++count_) {
      next_code_point(text, i);
      index_.resize(i, count_);
    }
  }

  /// An end within a character is that character's begin. Where both lie behind the text (tokens of the bytes
  /// of a subword prefix), there is nothing to point to, and the bytes are given as they are.
  std::pair<int64_t, int64_t> operator()(size_t begin, size_t end) const {
    if (begin >= size_) return {static_cast<int64_t>(begin), static_cast<int64_t>(end)};
    const auto first = static_cast<int64_t>(at(begin));
    if (end < size_) return {first, static_cast<int64_t>(at(end))};
    return {first, end - 1 < size_ ? static_cast<int64_t>(at(end - 1)) + 1 : first + 2};
  }

 private:
  size_t at(size_t byte) const { return ascii_ ? byte : index_[byte]; }

  size_t size_;
  bool ascii_;
  uint32_t count_ = 0;
  std::vector<uint32_t> index_;
};

}  // namespace

struct Tokenizer::Parts {
  std::string where;
  std::unique_ptr<const Normalizer> normalizer;
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
  std::unique_ptr<const Model> model;
  std::unique_ptr<const PostProcessor> post_processor;
  std::unique_ptr<const Decoder> decoder;
  std::optional<AddedTokens> added;
  std::optional<Truncation> truncation;

  Parts(const nlohmann::json& value, std::string place) : where(std::move(place)) {
    const JsonObject json(value, where);
    json.allow_only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                     "post_processor", "decoder", "model"});
    if (const auto version = json.optional_string("version")) {
      require(*version == "1.0", json.at("version"),
              "1.0 is required; `{}` came. Save it with a known version", *version);
    }
    const auto read = [&](std::string_view key, auto reader) {
      const auto* part = json.find(key);
      return part == nullptr ? nullptr : reader(*part, json.at(key), 0);
    };
    if (const auto* cut = json.find("truncation"))
      truncation.emplace(JsonObject(*cut, json.at("truncation")));
    normalizer = read("normalizer", read_normalizer);
    pre_tokenizer = read("pre_tokenizer", read_pre_tokenizer);
    post_processor = read("post_processor", read_post_processor);
    decoder = read("decoder", read_decoder);
    model = read_model(json.required("model"), json.at("model"));
    added.emplace(json.find("added_tokens"), json.at("added_tokens"), model->vocabulary(), normalizer.get());
  }

  const std::string* token(int64_t id) const {
    const std::string* token = added->content(id);
    return token != nullptr ? token : model->vocabulary().token(id);
  }

  [[noreturn]] void fail_id(int64_t id) const {
    fail(where, "an id of the vocabulary of {} tokens is required; {} came. Use the ids of this tokenizer",
         model->vocabulary().size() + added->beyond_model(), id);
  }

  Encoding encode_text(std::string_view text) const;
};

Encoding Tokenizer::Parts::encode_text(std::string_view text) const {
  PieceList list = added->extract(text, normalizer.get());
  if (pre_tokenizer) pre_tokenizer->apply(list);
  const CodePointOffsets code_points(text);
  Encoding out;
  // Words recur: each is given to the model once. [begin, end) of `tokens` by word.
  std::vector<Token> tokens;
  std::unordered_map<std::string_view, std::pair<size_t, size_t>> known;
  for (const Piece& piece : list.pieces) {
    const std::string_view word = list.text(piece);
    if (word.empty()) continue;
    if (piece.added_id >= 0) {
      const auto first = list.buffer.span(piece.begin), last = list.buffer.span(piece.end - 1);
      out.ids.push_back(piece.added_id);
      out.tokens.emplace_back(word);
      out.offsets.push_back(code_points(first.begin, last.end));
      out.special.push_back(added->is_special(piece.added_id));
      continue;
    }
    const auto [entry, is_new] = known.try_emplace(word, tokens.size(), tokens.size());
    if (is_new) {
      model->tokenize(word, tokens);
      entry->second.second = tokens.size();
    }
    for (size_t i = entry->second.first; i < entry->second.second; ++i) {
      const Token& token = tokens[i];
      size_t begin = token.begin, end = token.end;
      if (end <= word.size()) {
        begin = list.buffer.span(piece.begin + token.begin).begin;
        end = list.buffer.span(piece.begin + token.end - 1).end;
      }
      out.ids.push_back(token.id);
      out.tokens.emplace_back(token.value);
      out.offsets.push_back(code_points(begin, end));
      out.special.push_back(false);
    }
  }
  return out;
}

Tokenizer::Tokenizer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

Tokenizer Tokenizer::from_file(const std::filesystem::path& file) {
  return from_json(parse_json_file(file), file.string());
}

Tokenizer Tokenizer::from_json(const nlohmann::json& json, std::string where) {
  return Tokenizer(std::make_shared<const Parts>(json, std::move(where)));
}

Encoding Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  const Parts& parts = *parts_;
  require(text.size() <= max_text_bytes, "Tokenizer::encode",
          "a text of at most {} bytes is required; {} came. Split it", max_text_bytes, text.size());
  const size_t wrong = find_invalid_utf8(text);
  require(wrong == std::string_view::npos, "Tokenizer::encode",
          "the text must be UTF-8; the byte at position {} (0x{:02X}) is not. Convert the text", wrong,
          wrong < text.size() ? static_cast<unsigned char>(text[wrong]) : 0);
  std::vector<Encoding> encodings(1);
  encodings[0] = parts.encode_text(text);
  const size_t before = encodings[0].ids.size();
  if (parts.truncation) {
    const bool adds = add_special_tokens && parts.post_processor;
    parts.truncation->apply(encodings[0], adds ? parts.post_processor->added_tokens() : 0);
  }
  const size_t truncated = before - encodings[0].ids.size();
  if (parts.post_processor) parts.post_processor->apply(encodings, add_special_tokens);
  Encoding out;
  out.truncated = static_cast<int64_t>(truncated);
  for (Encoding& part : encodings) append(out, std::move(part));
  return out;
}

std::string Tokenizer::decode(std::span<const int64_t> ids, bool skip_special_tokens) const {
  const Parts& parts = *parts_;
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int64_t id : ids) {
    const std::string* token = parts.added->normalized_content(id);
    if (token == nullptr) token = parts.model->vocabulary().token(id);
    if (token == nullptr) parts.fail_id(id);
    if (!skip_special_tokens || !parts.added->is_special(*token)) tokens.push_back(*token);
  }
  if (!parts.decoder) return fmt::format("{}", fmt::join(tokens, " "));
  parts.decoder->apply(tokens);
  std::string out;
  for (const std::string& token : tokens) out += token;
  return out;
}

int64_t Tokenizer::vocabulary_size() const {
  return static_cast<int64_t>(parts_->model->vocabulary().size() + parts_->added->beyond_model());
}

std::string Tokenizer::id_to_token(int64_t id) const {
  const std::string* token = parts_->token(id);
  if (token == nullptr) parts_->fail_id(id);
  return *token;
}

std::optional<int64_t> Tokenizer::token_to_id(std::string_view token) const {
  const auto id = parts_->added->find(token);
  return id ? id : parts_->model->vocabulary().find(token);
}

}  // namespace lrpp
