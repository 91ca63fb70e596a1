#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/words.h>
#include <lrpp/tests/framework/report/report_samples.h>

#include <algorithm>
#include <limits>

namespace lrpp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts(const WordList& list) {
  std::vector<std::string> result;
  for (const Word& word : list.words) result.push_back(word.text);
  return result;
}

std::string joined(const WordList& list) {
  std::string result;
  for (const Piece& piece : list.pieces) result += piece.text;
  return result;
}

TextReport untokenized(std::string text) {
  TextReport report = test::empty_report();
  report.text = std::move(text);
  return report;
}

TEST(Words, SubTokensMergeAndSum) {
  const TextReport report = test::film_report();
  const WordList list = merge_words(report);
  EXPECT_THAT(texts(list), ElementsAre("An", "unlikely", ",", "good", "film", "."));
  EXPECT_THAT(list.words[1].tokens, ElementsAre(2, 3, 4));
  // Every sum here is of halves and quarters: exact.
  EXPECT_EQ(list.words[1].relevance, -0.75);
  EXPECT_THAT(list.outside, ElementsAre(0, 9));
  EXPECT_EQ(list.largest, 2);
  EXPECT_EQ(joined(list), report.text);
}

TEST(Words, EveryTokenIsInOneWordOrOutside) {
  const TextReport report = test::film_report();
  const WordList list = merge_words(report);
  std::vector<size_t> seen = list.outside;
  double sum = 0;
  for (const size_t i : seen) sum += report.tokens[i].relevance;
  for (const Word& word : list.words) {
    seen.insert(seen.end(), word.tokens.begin(), word.tokens.end());
    sum += word.relevance;
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(sum, report.relevance_sum);
}

TEST(Words, PunctuationStandsAloneUnlessInsideAWord) {
  EXPECT_THAT(texts(merge_words(untokenized("I don't pay 3.50, l\u2019ami (no_way)."))),
              ElementsAre("I", "don't", "pay", "3.50", ",", "l\u2019ami", "(", "no_way", ")", "."));
}

TEST(Words, ScriptsWithoutSpacesAreJoinedByTokensOnly) {
  TextReport report = untokenized("\u6620\u753b\u306f\u9000\u5c48");
  test::add_token(report, "a", 0, 2, 1);
  EXPECT_THAT(texts(merge_words(report)), ElementsAre("\u6620\u753b", "\u306f", "\u9000", "\u5c48"));
}

TEST(Words, AModelThatReadsLettersHasLettersForWords) {
  TextReport report = untokenized("TATA e\u0301");
  for (int64_t i = 0; i < 4; ++i) test::add_token(report, std::string(1, "TATA"[i]), i, i + 1, 1);
  test::add_token(report, "e", 5, 6, 1);
  test::add_token(report, "\u0301", 6, 7, 1);
  const WordList list = merge_words(report);
  EXPECT_TRUE(list.letters);
  EXPECT_THAT(texts(list), ElementsAre("T", "A", "T", "A", "e\u0301"));
  EXPECT_EQ(joined(list), report.text);
  EXPECT_EQ(listed_name(list, 1), "A, token 1");
  // One token of two letters, and a run of letters is a word again.
  test::add_token(report, "TA", 2, 4, 1);
  EXPECT_THAT(texts(merge_words(report)), ElementsAre("TATA", "e\u0301"));
  EXPECT_EQ(listed_name(merge_words(report), 0), "TATA");
}

TEST(Words, ReadersCharactersAreNotCut) {
  // e with a combining accent, a family joined by ZWJ, a flag.
  EXPECT_THAT(texts(merge_words(untokenized("e\u0301! \U0001F469\u200D\U0001F467 \U0001F1EB\U0001F1F7"))),
              ElementsAre("e\u0301", "!", "\U0001F469\u200D\U0001F467", "\U0001F1EB\U0001F1F7"));
}

TEST(Words, TokensMayHoldTheSpaceBeforeTheWord) {
  TextReport report = untokenized("so good");
  test::add_token(report, "so", 0, 2, 1);
  test::add_token(report, "\u0120good", 2, 7, 2);
  const WordList list = merge_words(report);
  EXPECT_THAT(texts(list), ElementsAre("so", "good"));
  EXPECT_EQ(list.words[1].relevance, 2);
}

TEST(Words, WhitespaceWithATokenIsAWord) {
  TextReport report = untokenized("a\n\nb");
  test::add_token(report, "a", 0, 1, 1);
  test::add_token(report, "\\n\\n", 1, 3, 0.5);
  const WordList list = merge_words(report);
  EXPECT_THAT(texts(list), ElementsAre("a", "\n\n", "b"));
  EXPECT_TRUE(list.words[1].blank);
  EXPECT_THAT(list.words[2].tokens, IsEmpty());
}

TEST(Words, BytesOfOneCharacterShareTheWord) {
  TextReport report = untokenized("\U0001F634");
  for (int i = 0; i < 4; ++i) test::add_token(report, "<byte>", 0, 1, 0.25);
  const WordList list = merge_words(report);
  ASSERT_EQ(list.words.size(), 1u);
  EXPECT_EQ(list.words[0].relevance, 1);
}

TEST(Words, WithoutTextEachTokenIsAWord) {
  TextReport report = test::empty_report();
  test::add_token(report, "<s>", 0, 0, 0.5, true);
  test::add_token(report, "17", 0, 0, 1);
  test::add_token(report, "42", 0, 0, -1);
  const WordList list = merge_words(report);
  EXPECT_THAT(texts(list), ElementsAre("17", "42"));
  EXPECT_THAT(list.outside, ElementsAre(0));
  EXPECT_EQ(joined(list), "17 42");
}

TEST(Words, NothingAtAll) {
  const WordList list = merge_words(test::empty_report());
  EXPECT_THAT(list.words, IsEmpty());
  EXPECT_EQ(list.largest, 0);
  EXPECT_THAT(top_words(list, 5), IsEmpty());
}

TEST(Words, WrongOffsetsAndValuesAreRefused) {
  for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{{-1, 1}, {0, 4}, {2, 1}}) {
    TextReport report = untokenized("abc");
    test::add_token(report, "x", begin, end, 1);
    EXPECT_THROW(merge_words(report), UserError) << begin << " to " << end;
  }
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    TextReport report = untokenized("abc");
    test::add_token(report, "x", 0, 1, value);
    EXPECT_THROW(merge_words(report), UserError);
  }
  TextReport report = untokenized("abc");
  test::add_token(report, "a", 0, 1, std::numeric_limits<double>::max());
  test::add_token(report, "b", 1, 2, std::numeric_limits<double>::max());
  EXPECT_THROW(merge_words(report), UserError) << "the sum overflows";
}

TEST(TopWords, LargestMagnitudeFirstAndEarlierAmongEquals) {
  TextReport report = untokenized("a b c d");
  test::add_token(report, "a", 0, 1, 1);
  test::add_token(report, "b", 2, 3, -3);
  test::add_token(report, "c", 4, 5, 0);
  test::add_token(report, "d", 6, 7, -1);
  EXPECT_THAT(top_words(merge_words(report), 9), ElementsAre(1, 0, 3));
  EXPECT_THAT(top_words(merge_words(report), 1), ElementsAre(1));
}

TEST(Excerpt, ShortTextsAreWhole) {
  const WordList list = merge_words(test::long_report(200, 3));
  const Excerpt excerpt = make_excerpt(list, 200);
  ASSERT_EQ(excerpt.ranges.size(), 1u);
  EXPECT_EQ(excerpt.ranges[0].end, list.pieces.size());
  EXPECT_EQ(excerpt.skipped, 0u);
}

TEST(Excerpt, LongTextsShowTheSurroundingsOfWhatMatters) {
  const WordList list = merge_words(test::long_report(500, 250));
  const Excerpt excerpt = make_excerpt(list, 200);
  ASSERT_EQ(excerpt.ranges.size(), 1u);
  // Twelve words to each side of number 250.
  EXPECT_EQ(excerpt.ranges[0].skipped, 238u);
  EXPECT_EQ(excerpt.skipped_after, 237u);
  EXPECT_EQ(excerpt.skipped, 475u);
  EXPECT_EQ(list.pieces[excerpt.ranges[0].begin].text, "w238");
}

TEST(Excerpt, WithoutRelevanceTheBeginningIsShown) {
  const Excerpt excerpt = make_excerpt(merge_words(test::long_report(500, -1)), 200);
  ASSERT_EQ(excerpt.ranges.size(), 1u);
  EXPECT_EQ(excerpt.ranges[0].begin, 0u);
  EXPECT_EQ(excerpt.skipped, 487u);
}

}  // namespace
}  // namespace lrpp
