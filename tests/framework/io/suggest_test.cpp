#include <gtest/gtest.h>
#include <lrpp/framework/io/suggest.h>

#include <string>
#include <vector>

namespace lrpp {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("gamam", "gamma"), 1U);  // a swap of neighbours is one
  EXPECT_EQ(edit_distance("Gamma", "gamma"), 0U);
  EXPECT_EQ(edit_distance("ca", "abc"), 3U);  // optimal string alignment edits no part twice
}

TEST(ClosestName, OnlyWhereItIsClose) {
  const std::vector<std::string> known{"epsilon", "gamma", "alpha-beta"};
  EXPECT_EQ(closest_name("epsilonn", known), "epsilon");
  EXPECT_EQ(closest_name("eps", known), "epsilon");
  EXPECT_EQ(closest_name("alpha_beta", known), "alpha-beta");
  EXPECT_EQ(closest_name("x", known), std::nullopt);
  EXPECT_EQ(closest_name("", known), std::nullopt);
  EXPECT_EQ(closest_name("flat", {}), std::nullopt);
}

TEST(ListKnown, NearestFirst) {
  EXPECT_EQ(list_known("gama", {"epsilon", "flat", "gamma"}),
            "known: gamma, flat, epsilon. Did you mean 'gamma'?");
  EXPECT_EQ(list_known("zzz", {"epsilon", "flat"}), "known: flat, epsilon");
  EXPECT_EQ(list_known("a", {}), "none is known");
  EXPECT_EQ(list_known_with_notes("epsilonn", {{"epsilon", "number, default 1e-06"}}),
            "known: epsilon (number, default 1e-06). Did you mean 'epsilon'?");
}

TEST(ListKnown, LongListsAreCut) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("layers." + std::to_string(i));
  const std::string text = list_known("layer.7", names);
  EXPECT_NE(text.find("and 988 more. Did you mean 'layers.7'?"), std::string::npos) << text;
  EXPECT_LT(text.size(), 300U);
  EXPECT_LT(list_known(std::string(10'000'000, 'x'), names).size(), 300U);
}

}  // namespace
}  // namespace lrpp
