#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/model.h>
#include <lrpp/framework/io/tokenizer/trie.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lrpp::tokenization {
namespace {

/// How much an unknown character costs more than the rarest token, as in SentencePiece.
constexpr double unknown_penalty = 10.0;

Vocabulary read_pieces(const JsonObject& json, std::vector<double>& scores) {
  const std::string where = json.at("vocab");
  Vocabulary vocabulary;
  for (const auto& entry : as_array(json.required("vocab"), where)) {
    const bool valid = entry.is_array() && entry.size() == 2 && entry[1].is_number();
    const size_t id = scores.size();
    require(valid, where, "entries must be [token, score]; {} came as entry {}. Correct the file",
            describe(entry), id);
    const auto score = entry[1].get<double>();
    require(std::isfinite(score), where, "scores must be finite; entry {} has {}. Correct the file", id,
            score);
    vocabulary.add(as_string(entry[0], where), static_cast<int64_t>(id), where);
    scores.push_back(score);
  }
  return vocabulary;
}

Trie trie_of(const Vocabulary& vocabulary) {
  std::vector<std::pair<std::string_view, int64_t>> entries(vocabulary.entries().begin(),
                                                            vocabulary.entries().end());
  return Trie(std::move(entries));
}

/// The most probable sequence of tokens, each independent of the others (Kudo 2018, eq. 1), found by Viterbi.
class Unigram final : public Model {
 public:
  Unigram(const JsonObject& json, std::vector<double> scores, Vocabulary vocabulary)
      : Model(std::move(vocabulary)),
        where_(json.where()),
        scores_(std::move(scores)),
        trie_(trie_of(vocabulary_)),
        byte_fallback_(json.boolean("byte_fallback", false)) {
    json.allow_only({"type", "vocab", "unk_id", "byte_fallback"});
    double lowest = std::numeric_limits<double>::infinity();
    for (const double score : scores_) lowest = std::min(lowest, score);
    unknown_score_ = lowest - unknown_penalty;
    if (json.find("unk_id") != nullptr) {
      unknown_id_ = json.id("unk_id");
      require(static_cast<size_t>(unknown_id_) < scores_.size(), json.at("unk_id"),
              "an id below the vocabulary's size {} is required; {} came. Correct the file", scores_.size(),
              unknown_id_);
    }
    for (int byte = 0; byte < 256; ++byte) {
      byte_ids_.push_back(vocabulary_.find(byte_token(static_cast<unsigned char>(byte))).value_or(-1));
    }
  }

  void tokenize(std::string_view piece, std::vector<Token>& out) const override {
    const std::vector<Step> steps = best_path(piece);
    std::vector<std::pair<size_t, size_t>> parts;
    bool fusing = false;
    for (size_t end = piece.size(); end > 0;) {
      const Step& step = steps[end];
      const bool unknown = step.id == unknown_id_;
      if (unknown && fusing) {
        parts.back().first = step.begin;
      } else {
        parts.emplace_back(step.begin, end);
      }
      fusing = unknown;
      end = step.begin;
    }
    std::reverse(parts.begin(), parts.end());
    for (const auto& [begin, end] : parts) emit(piece, begin, end, out);
  }

 private:
  /// The best way to reach a byte: its last token.
  struct Step {
    double score = 0;
    size_t begin = none;
    int64_t id = -1;
  };
  static constexpr size_t none = static_cast<size_t>(-1);

  std::vector<Step> best_path(std::string_view piece) const {
    std::vector<Step> steps(piece.size() + 1);
    for (size_t begin = 0, next = 0; begin < piece.size(); begin = next) {
      next_code_point(piece, next);
      const double here = steps[begin].score;
      bool single = false;
      const auto offer = [&](size_t end, double score, int64_t id) {
        if (steps[end].begin != none && score <= steps[end].score) return;
        steps[end] = {score, begin, id};
      };
      trie_.for_each_prefix(piece, begin, [&](size_t length, int64_t id) {
        offer(begin + length, scores_[static_cast<size_t>(id)] + here, id);
        single = single || begin + length == next;
      });
      if (single) continue;
      // A token of a longer match may end here too, so that this character need not be unknown; but it must
      // be possible to take it so.
      const bool wins = steps[next].begin == none || unknown_score_ + here > steps[next].score;
      if (wins && unknown_id_ < 0) fail_unknown(where_, piece.substr(begin), "(`unk_id`)");
      offer(next, unknown_score_ + here, unknown_id_);
    }
    return steps;
  }

  void emit(std::string_view piece, size_t begin, size_t end, std::vector<Token>& out) const {
    const std::string_view text = piece.substr(begin, end - begin);
    if (const auto id = vocabulary_.find(text)) {
      out.push_back({*id, text, begin, end});
      return;
    }
    const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
    if (byte_fallback_ && std::all_of(text.begin(), text.end(), [&](char b) { return id_of(b) >= 0; })) {
      for (const char byte : text) out.push_back({id_of(byte), *vocabulary_.token(id_of(byte)), begin, end});
      return;
    }
    if (unknown_id_ < 0) fail_unknown(where_, text, "(`unk_id`)");
    out.push_back({unknown_id_, text, begin, end});
  }

  std::string where_;
  std::vector<double> scores_;
  Trie trie_;
  bool byte_fallback_;
  double unknown_score_ = 0;
  int64_t unknown_id_ = -1;
  std::vector<int64_t> byte_ids_;
};

}  // namespace

std::unique_ptr<const Model> make_unigram(const JsonObject& json) {
  std::vector<double> scores;
  Vocabulary vocabulary = read_pieces(json, scores);
  return std::make_unique<Unigram>(json, std::move(scores), std::move(vocabulary));
}

}  // namespace lrpp::tokenization
