#pragma once

#include <lrpp/framework/report/text_report.h>

#include <string>
#include <utility>

namespace lrpp::test {

inline TextReport empty_report() {
  TextReport report;
  report.model = "tiny";
  report.method = "mamba-lrp";
  report.target = "positive";
  report.score = 2.5;
  report.outputs = {{"positive", 2.5, 0.9}, {"negative", 0.25, 0.1}};
  return report;
}

inline void add_token(TextReport& report, std::string text, int64_t begin, int64_t end, double relevance,
                      bool special = false) {
  report.tokens.push_back({std::move(text), 7, begin, end, special, relevance});
  report.relevance_sum += relevance;
}

/// "An unlikely, good film." as WordPiece might cut it.
inline TextReport film_report() {
  TextReport report = empty_report();
  report.text = "An unlikely, good film.";
  add_token(report, "[CLS]", 0, 0, 0.125, true);
  add_token(report, "an", 0, 2, 0);
  add_token(report, "un", 3, 5, -0.75);
  add_token(report, "##like", 5, 9, 0.5);
  add_token(report, "##ly", 9, 11, -0.5);
  add_token(report, ",", 11, 12, 0.0625);
  add_token(report, "good", 13, 17, 2);
  add_token(report, "film", 18, 22, 0.5);
  add_token(report, ".", 22, 23, 0);
  add_token(report, "[SEP]", 0, 0, -0.25, true);
  report.position = 9;
  report.provenance = {
      {"start", "logit"},
      {"versions", {{"lrpp", "1.2.3"}}},
      {"rules",
       {{{"node", "in"}, {"op", "embedding"}, {"rule", nullptr}},
        {{"node", "a"}, {"op", "linear"}, {"rule", "epsilon"}, {"parameters", {{"epsilon", 0.25}}}},
        {{"node", "b"}, {"op", "linear"}, {"rule", "epsilon"}, {"parameters", {{"epsilon", 0.25}}}},
        {{"node", "c"}, {"op", "linear"}, {"rule", "epsilon"}, {"parameters", {{"epsilon", 0.5}}}}}}};
  return report;
}

/// `count` words "w0 w1 ...", of which only number `strong` has relevance.
inline TextReport long_report(int count, int strong) {
  TextReport report = empty_report();
  for (int i = 0; i < count; ++i) {
    const std::string word = "w" + std::to_string(i);
    if (i > 0) report.text += ' ';
    const auto begin = static_cast<int64_t>(report.text.size());
    report.text += word;
    add_token(report, word, begin, begin + static_cast<int64_t>(word.size()), i == strong ? 1 : 0);
  }
  return report;
}

/// Everything that could run in a terminal or in a browser.
inline TextReport hostile_report() {
  const std::string attack = "</pre></style></title><script>alert(1)</script><img src=x onerror=\"f('&')\">";
  const std::string codes = "\x1b[2J\x07\r\b\x7f\u009b31m\u202e\u2028\u2029\u2066\ufeff";
  TextReport report = empty_report();
  report.model = attack + codes;
  report.method = attack + codes;
  report.target = attack + codes;
  report.outputs = {{attack + codes, 1, 0.5}, {codes + attack, 0.5, 0.5}};
  report.text = attack + codes + " end";
  // Code points: the attack is ASCII; the codes are 5 (to BEL), 3 and 6 (the others).
  add_token(report, attack + codes, 0, static_cast<int64_t>(attack.size()), 1);
  add_token(report, codes, 0, 0, -0.5, true);
  report.provenance = {{attack, attack + codes},
                       {"versions", {{"lrpp", attack}}},
                       {"rules", {{{"op", attack}, {"rule", codes}, {"parameters", {{attack, codes}}}}}}};
  return report;
}

}  // namespace lrpp::test
