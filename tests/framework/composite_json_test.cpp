#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

Composite parse(const std::string& text) {
  return composite_from_json(builtin_registry(), parse_json(text, "test"), "rules");
}

TEST(CompositeJson, OwnEntriesComeFirst) {
  const Composite composite = parse(R"({"extends": {"lrp-epsilon": {"epsilon": 0.05}},
    "rules": [{"match": {"op": ["silu", "relu"], "name": "ac*"}, "rule": "gradient"},
              {"match": {"kind": "linear", "name": "second"}, "rule": {"epsilon": {"epsilon": 0.25}}}]})");
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const auto rules = assign_rules(graph, composite);
  const auto rule = [&](const char* name) { return describe(*rules[static_cast<size_t>(graph.find(name))]); };
  EXPECT_EQ(rule("act"), "gradient");
  EXPECT_EQ(rule("first"), "epsilon(epsilon=0.05)");
  EXPECT_EQ(rule("second"), "epsilon(epsilon=0.25)");
  EXPECT_EQ(composite.name, "lrp-epsilon with own rules");
}

TEST(CompositeJson, StandsAloneAndChoosesItsReadout) {
  const Composite composite =
      parse(R"({"name": "mine", "readout": "multiplier", "rules": [{"match": {}, "rule": "gradient"}]})");
  EXPECT_EQ(composite.name, "mine");
  EXPECT_EQ(composite.readout, Readout::multiplier);
}

TEST(CompositeJson, EveryMistakeIsNamed) {
  struct Case {
    std::string json;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases{
      {R"([])", {"must be an object"}},
      {R"({})", {"'extends', 'rules', or both"}},
      {R"({"extend": "lrp-0"})", {"unknown key 'extend'", "extends"}},
      {R"({"extends": "lrp-O"})", {"unknown composite 'lrp-O'", "lrp-0"}},
      {R"({"extends": {"lrp-epsilon": {"epsilonn": 1}}})", {"lrp-epsilon", "'epsilonn'", "epsilon"}},
      {R"({"extends": {"lrp-epsilon": {"epsilon": "x"}}})", {"epsilon", "number"}},
      {R"({"extends": {"lrp-epsilon": {"epsilon": -1}}})", {"epsilon", "at least 0", "-1"}},
      {R"({"extends": 3})", {"extends", "3"}},
      {R"({"rules": {}})", {"rules must be an array"}},
      {R"({"rules": [{"match": {}}]})", {"rules[0]", "needs both"}},
      {R"({"rules": [{"match": {}, "rule": "gradent"}]})",
       {"rules[0]", "unknown rule 'gradent'", "gradient"}},
      {R"({"rules": [{"match": {}, "rule": "gradient", "x": 1}]})", {"rules[0]", "unknown key 'x'"}},
      {R"({"rules": [{"match": {"ops": "silu"}, "rule": "gradient"}]})",
       {"rules[0].match", "unknown key 'ops'", "op"}},
      {R"({"rules": [{"match": {"op": "sliu"}, "rule": "gradient"}]})",
       {"rules[0]", "unknown op 'sliu'", "silu"}},
      {R"({"rules": [{"match": {"op": []}, "rule": "gradient"}]})", {"rules[0].match.op", "empty array"}},
      {R"({"rules": [{"match": {"op": 1}, "rule": "gradient"}]})", {"rules[0].match.op", "string"}},
      {R"({"rules": [{"match": {"kind": "lineer"}, "rule": "gradient"}]})",
       {"unknown kind 'lineer'", "linear"}},
      {R"({"rules": [{"match": {}, "rule": {"epsilon": {"eps": 1}}}]})",
       {"unknown parameter 'eps'", "epsilon"}},
      {R"({"rules": [{"match": {"op": ["silu", "relu"]}, "rule": {"epsilon": {"epsilon": -1}}}]})",
       {"rules[0]", "epsilon", "at least 0", "-1"}},
      {R"({"rules": [{"match": {}, "rule": {"gradient": {"eps": 1}}}]})", {"gradient", "'eps'"}},
      {R"({"rules": [{"match": {}, "rule": {"epsilon": {}, "half": {}}}]})", {"rules[0].rule"}},
      {R"({"rules": [{"match": {"kind": "source"}, "rule": "gradient"}]})",
       {"rules[0].match.kind", "sources take no rule"}},
      {R"({"extends": "lrp-0", "readout": "both"})", {"readout", "'both'"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    expect_user_error([&] { parse(c.json); }, c.parts);
  }
}

TEST(CompositeJson, ARulesFileMustExistAndBeJson) {
  const testing::TemporaryFolder folder;
  expect_user_error([&] { composite_from_argument(builtin_registry(), (folder / "none.json").string()); },
                    {"none.json"});
}

}  // namespace
}  // namespace lrpp
