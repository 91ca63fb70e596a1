#include <lrpp/framework/composite.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/plan.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/identity.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

TEST(MatchesName, WholeNamesAndTailsAfterADot) {
  const std::string name = "backbone.layers.10.mixer.out_proj";
  EXPECT_TRUE(matches_name("*", name));
  EXPECT_TRUE(matches_name("*.mixer.out_proj", name));
  EXPECT_TRUE(matches_name("mixer.out_proj", name));
  EXPECT_TRUE(matches_name("layers.*", name));
  EXPECT_TRUE(matches_name("layers.1?.*", name));
  EXPECT_TRUE(matches_name("backbone*proj", name));
  EXPECT_FALSE(matches_name("layers.1.*", name));
  EXPECT_FALSE(matches_name("out", name)) << "a pattern must match to the end";
  EXPECT_FALSE(matches_name("ixer.out_proj", name)) << "a tail begins after a dot";
  EXPECT_FALSE(matches_name("", name));
}

TEST(Composite, TheFirstMatchWins) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite = testing::uniform_composite(std::make_shared<rules::Gradient>());
  composite.entries.insert(composite.entries.begin(),
                           {Match{{}, "act", {}}, std::make_shared<rules::Identity>(), true});
  const auto assigned = assign_rules(graph, composite);
  EXPECT_EQ(assigned[static_cast<size_t>(graph.find("x"))], nullptr) << "sources need no rule";
  EXPECT_EQ(assigned[static_cast<size_t>(graph.find("act"))]->name(), "identity");
  EXPECT_EQ(assigned[static_cast<size_t>(graph.find("first"))]->name(), "gradient");
}

TEST(Composite, AnUnmatchedNodeIsNamed) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite;
  composite.name = "half-done";
  composite.entries = {{Match{{"linear"}, std::nullopt, {}}, std::make_shared<rules::Gradient>()}};
  expect_user_error([&] { assign_rules(graph, composite); },
                    {"half-done", "node 'act' (op 'silu')", R"({"op": "silu"})"});
}

TEST(Composite, ARuleThatCannotServeIsRefusedBeforeAnythingRuns) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Softplus>());
  Composite composite = testing::uniform_composite(std::make_shared<rules::Epsilon>());
  expect_user_error([&] { assign_rules(graph, composite); },
                    {"rule 'epsilon'", "node 'act' (op 'softplus')"});
  composite.entries.insert(composite.entries.begin(),
                           {Match{{"softplus"}, std::nullopt, {}}, std::make_shared<rules::Identity>()});
  expect_user_error([&] { assign_rules(graph, composite); }, {"rule 'identity'", "f(0) is not 0"});
}

TEST(Composite, AUsersPatternThatMatchesNothingIsRefused) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite = testing::uniform_composite(std::make_shared<rules::Gradient>());
  composite.entries.insert(composite.entries.begin(),
                           {Match{{}, "frist", {}}, std::make_shared<rules::Gradient>(), true});
  expect_user_error([&] { assign_rules(graph, composite); }, {"name 'frist' matches no node", "first"});
}

}  // namespace
}  // namespace lrpp
