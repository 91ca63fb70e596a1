#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>

namespace lrpp {
namespace {

/// The tokens of one report, among those of all.
struct TokenRange {
  size_t begin = 0, end = 0;
  bool contains(size_t token) const { return token >= begin && token < end; }
};

TokenRange tokens_of(const std::vector<TextReport>& reports, size_t side) {
  TokenRange range;
  for (size_t i = 0; i < side; ++i) range.begin += reports[i].tokens.size();
  range.end = range.begin + reports.at(side).tokens.size();
  return range;
}

/// Where each word lies in the text: [begin, end) in code points.
Json word_offsets(const WordList& words) {
  Json offsets = Json::array();
  size_t at = 0;
  for (const Piece& piece : words.pieces) {
    const size_t end = at + decode_utf8(piece.text).size();
    if (piece.word != Piece::no_word) offsets.push_back({at, end});
    at = end;
  }
  return offsets;
}

Json edges(const PicturePart& part) { return {part.top, part.left, part.bottom, part.right}; }

Json side_json(const CompareReport& report, const CompareReport::Side& side) {
  Json outputs = Json::array();
  for (const auto& o : side.report.outputs)
    outputs.push_back({{"label", o.label}, {"logit", o.logit}, {"probability", o.probability}});
  Json json{{"name", side.name},
            {"model", side.report.model},
            {"method", side.report.method},
            {"score", side.report.score},
            {"score_is", score_kind(side)},
            {"sum_relevance", side.report.relevance_sum},
            {"outputs", outputs},
            {"relevance", side.relevance},
            {"outside", side.outside},
            {"dA_F", side.flipping_gain},
            {"dA_I", side.insertion_gain},
            {"provenance", side.report.provenance}};
  if (report.of_text()) {
    json["unseen_words"] = side.unseen;
  } else {
    json["seen"] = edges(side.seen);
  }
  return json;
}

}  // namespace

size_t CompareReport::units() const { return sides.at(0).relevance.size(); }
double CompareReport::chance() const { return static_cast<double>(k) / static_cast<double>(units()); }

WordList common_words(const std::vector<TextReport>& reports) {
  require(!reports.empty(), "compare", "needs at least one explained text");
  TextReport all;
  all.text = reports[0].text;
  for (const TextReport& report : reports) {
    require(report.text == all.text, "compare", "reports must be of one text");
    all.tokens.insert(all.tokens.end(), report.tokens.begin(), report.tokens.end());
  }
  return merge_words(all);
}

std::vector<double> relevance_of_words(const std::vector<TextReport>& reports, const WordList& words,
                                       size_t side) {
  const TokenRange own = tokens_of(reports, side);
  std::vector<double> result;
  for (const Word& word : words.words) {
    double sum = 0;
    for (const size_t token : word.tokens)
      if (own.contains(token)) sum += reports[side].tokens[token - own.begin].relevance;
    result.push_back(sum);
  }
  return result;
}

size_t unseen_words(const std::vector<TextReport>& reports, const WordList& words, size_t side) {
  const TokenRange own = tokens_of(reports, side);
  return static_cast<size_t>(std::count_if(words.words.begin(), words.words.end(), [&](const Word& word) {
    return !word.blank && std::none_of(word.tokens.begin(), word.tokens.end(),
                                       [&](size_t token) { return own.contains(token); });
  }));
}

std::string score_kind(const CompareReport::Side& side) {
  return find_outputs(side.report).target != nullptr ? "logit" : "difference of two logits";
}

Json to_json(const CompareReport& report) {
  Json sides = Json::array();
  for (const auto& side : report.sides) sides.push_back(side_json(report, side));
  Json json{{"target", report.target},
            {"sides", sides},
            {"rank_correlation", report.correlation},
            {"overlap", report.overlap},
            {"overlap_by_chance", report.chance()},
            {"k", report.k}};
  if (report.of_text()) {
    json["words"] = Json::array();
    for (const Word& word : report.words.words) json["words"].push_back(word.text);
    json["offsets"] = word_offsets(report.words);
  } else {
    json["image"] = report.input;
    json["image_size"] = {report.picture_height, report.picture_width};
    json["common_part"] = edges(report.part);
    json["grid"] = {report.height, report.width};
  }
  return json;
}

}  // namespace lrpp
