// Tables for terminals, as they are printed.
#include <gtest/gtest.h>
#include <lrpp/framework/report/terminal_table.h>

namespace lrpp {
namespace {

const TableRows table{
    {"model", "score", "answer"}, {"a-name-of-22-characters", "2", "yes"}, {"b", "-10", "no"}};

TEST(TerminalTable, ColumnsLineUp) {
  EXPECT_EQ(render_table(table, 80),
            "model                    score  answer\n"
            "a-name-of-22-characters      2     yes\n"
            "b                          -10      no\n");
}

TEST(TerminalTable, NamesAreCutFirst) {
  EXPECT_EQ(render_table(table, 30),
            "model            score  answer\n"
            "a-name-of-22-..      2     yes\n"
            "b                  -10      no\n");
}

TEST(TerminalTable, ThenRowsBecomeBlocks) {
  EXPECT_EQ(render_table(table, 25),
            "a-name-of-22-characters\n"
            "  score: 2\n"
            "  answer: yes\n"
            "b\n"
            "  score: -10\n"
            "  answer: no\n");
}

TEST(TerminalTable, TooNarrowIsRefused) { EXPECT_ANY_THROW(render_table(table, 19)); }

}  // namespace
}  // namespace lrpp
