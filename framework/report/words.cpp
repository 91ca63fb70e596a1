#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/framework/report/words.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace lrpp {
namespace {

bool is_digit(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND;
}

/// "don't", "3.5": a mark that belongs to the word around it.
bool is_inner_mark(char32_t before, char32_t mark, char32_t after) {
  if (mark == '\'' || mark == 0x2019) return is_word_part(before) && is_word_part(after);
  return (mark == '.' || mark == ',') && is_digit(before) && is_digit(after);
}

/// Whether the model reads the text letter by letter, so that a run of letters says nothing about words.
bool reads_letters(const TextReport& report) {
  bool any = false;
  for (const TextReport::Token& token : report.tokens) {
    if (token.end - token.begin > 1) return false;
    any = any || token.end > token.begin;
  }
  return any;
}

/// joined[i]: code points i-1 and i are in the same word, whatever the tokens are.
std::vector<bool> join_letters(const std::u32string& text, bool letters) {
  std::vector<bool> joined(text.size() + 1, false);
  size_t at = 0;
  for (const Cluster& cluster : clusters(text)) {
    for (size_t i = 1; i < cluster.code_points.size(); ++i) joined[at + i] = true;
    at += cluster.code_points.size();
  }
  for (size_t i = 1; i < text.size() && !letters; ++i) {
    const bool spaced = !is_unspaced_script(text[i - 1]) && !is_unspaced_script(text[i]);
    if (spaced && is_word_part(text[i - 1]) && is_word_part(text[i])) joined[i] = true;
    if (i + 1 < text.size() && is_inner_mark(text[i - 1], text[i], text[i + 1]))
      joined[i] = joined[i + 1] = true;
  }
  return joined;
}

struct Span {
  size_t begin, end;
};

/// The token's span without whitespace at its ends, unless it is whitespace throughout.
Span trimmed(const std::u32string& text, const TextReport::Token& token) {
  Span span{static_cast<size_t>(token.begin), static_cast<size_t>(token.end)};
  const Span whole = span;
  while (span.begin < span.end && is_space(text[span.begin])) ++span.begin;
  while (span.end > span.begin && is_space(text[span.end - 1])) --span.end;
  return span.begin < span.end ? span : whole;
}

void check(const TextReport& report, size_t length) {
  const auto finite = [](double value, std::string_view what) {
    require(std::isfinite(value), "report", "{} must be finite; got {}. Use a stabiliser or a wider dtype",
            what, value);
  };
  finite(report.score, "the score");
  finite(report.relevance_sum, "the sum of relevance");
  for (size_t i = 0; i < report.tokens.size(); ++i) {
    const auto& token = report.tokens[i];
    finite(token.relevance, fmt::format("relevance of token {}", i));
    const bool inside = token.begin >= 0 && token.begin <= token.end &&
                        (report.text.empty() || token.end <= static_cast<int64_t>(length));
    require(inside, "report", "offsets of token {} must lie within the text's {} code points; got {} to {}",
            i, length, token.begin, token.end);
  }
  for (const auto& output : report.outputs) {
    require(!std::isnan(output.logit) && !std::isnan(output.probability), "report",
            "logit and probability of output '{}' must be numbers; got {} and {}", show_hidden(output.label),
            output.logit, output.probability);
  }
}

void words_of_tokens(const TextReport& report, WordList& list) {
  for (size_t i = 0; i < report.tokens.size(); ++i) {
    const auto& token = report.tokens[i];
    if (token.special) {
      list.outside.push_back(i);
      continue;
    }
    if (!list.words.empty()) list.pieces.push_back({" "});
    list.pieces.push_back({token.text, list.words.size()});
    list.words.push_back({token.text, {i}, token.relevance, false});
  }
}

void words_of_text(const TextReport& report, const std::u32string& text, WordList& list) {
  list.letters = reads_letters(report);
  std::vector<bool> joined = join_letters(text, list.letters);
  std::vector<bool> covered(text.size(), false);
  std::vector<std::pair<size_t, size_t>> starts;  // where a token's span starts, and which token
  for (size_t i = 0; i < report.tokens.size(); ++i) {
    if (report.tokens[i].begin == report.tokens[i].end) {
      list.outside.push_back(i);
      continue;
    }
    const Span span = trimmed(text, report.tokens[i]);
    starts.emplace_back(span.begin, i);
    // Overlapping spans are rare (the bytes of one character), so this is linear in practice.
    for (size_t at = span.begin; at < span.end; ++at) {
      covered[at] = true;
      if (at > span.begin) joined[at] = true;
    }
  }
  std::stable_sort(starts.begin(), starts.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  auto next = starts.begin();
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = begin + 1;
    while (end < text.size() && joined[end]) ++end;
    const std::u32string_view part(text.data() + begin, end - begin);
    const bool blank = std::all_of(part.begin(), part.end(), is_space);
    const bool seen =
        std::any_of(covered.begin() + static_cast<std::ptrdiff_t>(begin),
                    covered.begin() + static_cast<std::ptrdiff_t>(end), [](bool b) { return b; });
    if (blank && !seen) {
      if (list.pieces.empty() || list.pieces.back().word != Piece::no_word) list.pieces.emplace_back();
      list.pieces.back().text += encode_utf8(part);
      continue;
    }
    Word word{encode_utf8(part), {}, 0, blank};
    for (; next != starts.end() && next->first < end; ++next) word.tokens.push_back(next->second);
    std::sort(word.tokens.begin(), word.tokens.end());
    for (const size_t i : word.tokens) word.relevance += report.tokens[i].relevance;
    list.pieces.push_back({word.text, list.words.size()});
    list.words.push_back(std::move(word));
  }
}

}  // namespace

WordList merge_words(const TextReport& report) {
  const std::u32string text = decode_utf8(report.text);
  check(report, text.size());
  WordList list;
  if (report.text.empty()) {
    words_of_tokens(report, list);
  } else {
    words_of_text(report, text, list);
  }
  for (const Word& word : list.words) list.largest = std::max(list.largest, std::abs(word.relevance));
  for (const size_t i : list.outside)
    list.largest = std::max(list.largest, std::abs(report.tokens[i].relevance));
  require(std::isfinite(list.largest), "report",
          "the sum of a word's relevance must be finite; it overflows");
  return list;
}

std::string listed_name(const WordList& list, size_t word) {
  const Word& named = list.words.at(word);
  if (!list.letters || named.tokens.empty()) return named.text;
  return fmt::format("{}, token {}", named.text, named.tokens.front());
}

std::vector<size_t> top_words(const WordList& list, size_t count) {
  std::vector<size_t> order;
  for (size_t i = 0; i < list.words.size(); ++i) {
    if (list.words[i].relevance != 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::abs(list.words[a].relevance) > std::abs(list.words[b].relevance);
  });
  if (order.size() > count) order.resize(count);
  return order;
}

Excerpt make_excerpt(const WordList& list, size_t limit) {
  const size_t n = list.words.size();
  Excerpt result;
  if (n <= limit) {
    result.ranges.push_back({0, list.pieces.size(), 0});
    return result;
  }
  // Surroundings of the strongest words, as many as fit; the beginning where nothing stands out.
  constexpr size_t around = 12;
  std::vector<bool> kept(n, false);
  size_t count = 0;
  std::vector<size_t> centers = top_words(list, n);
  if (centers.empty()) centers.push_back(0);
  for (const size_t center : centers) {
    const size_t begin = center > around ? center - around : 0, end = std::min(n, center + around + 1);
    const auto first = kept.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = kept.begin() + static_cast<std::ptrdiff_t>(end);
    const size_t added = static_cast<size_t>(std::count(first, last, false));
    if (count + added > limit) break;
    std::fill(first, last, true);
    count += added;
  }
  size_t skipped = 0;
  bool open = false;
  for (size_t p = 0; p < list.pieces.size(); ++p) {
    const size_t word = list.pieces[p].word;
    if (word == Piece::no_word) {
      if (open) result.ranges.back().end = p + 1;
    } else if (kept[word]) {
      if (!open) result.ranges.push_back({p, p + 1, std::exchange(skipped, 0)});
      open = true;
      result.ranges.back().end = p + 1;
    } else {
      open = false;
      ++skipped;
      ++result.skipped;
    }
  }
  result.skipped_after = skipped;
  return result;
}

}  // namespace lrpp
