#include <lrpp/cli/builtins.h>
#include <lrpp/framework/plugin.h>
#include <lrpp/framework/registry.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/tests/support/testing.h>

#include <fstream>

namespace lrpp {
namespace {

using testing::expect_user_error;

TEST(Registry, DuplicateAndInvalidNamesAreRefused) {
  Registry registry = builtin_registry();
  expect_user_error([&] { registry.add_rule<rules::Gradient>("gradient", "", "", true); },
                    {"a rule named 'gradient' is registered already"});
  expect_user_error([&] { registry.add_rule<rules::Gradient>("My Rule", "", "", true); },
                    {"a-z", "'My Rule'"});
  expect_user_error([&] { registry.add_op({"linear", OpKind::linear, ""}); }, {"op named 'linear'"});
  expect_user_error([&] { registry.add_op({"", OpKind::linear, ""}); }, {"a-z"});
}

TEST(Registry, UnknownNamesListTheKnown) {
  const Registry registry = builtin_registry();
  expect_user_error([&] { registry.make_rule("epsilom"); },
                    {"unknown rule 'epsilom'", "id you mean 'epsilon'"});
  expect_user_error([&] { registry.make_composite("mambalrp"); },
                    {"unknown composite 'mambalrp'", "mamba-lrp"});
  expect_user_error([&] { registry.op("lineal"); }, {"unknown op 'lineal'", "linear"});
  expect_user_error([&] { registry.adapter("mmaba"); }, {"unknown model type 'mmaba'", "mamba"});
}

TEST(Registry, EveryRuleRefusesUnknownParametersAndReportsItsDefaults) {
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.rules()) {
    SCOPED_TRACE(name);
    const RulePtr rule = registry.make_rule(name);
    EXPECT_EQ(rule->name(), name);
    EXPECT_EQ(rule->parameters().size(), info.parameters.size());
    for (const ParameterInfo& p : info.parameters) EXPECT_EQ(rule->parameters()[p.name], p.default_value);
    expect_user_error([&] { registry.make_rule(name, {{"no_such_parameter", 1}}); }, {"no_such_parameter"});
  }
}

TEST(Registry, EveryCompositeCanBeMade) {
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.composites()) EXPECT_EQ(registry.make_composite(name).name, name);
}

TEST(Plugin, WhatIsNoPluginIsRefused) {
  Registry registry;
  const testing::TemporaryFolder folder;
  expect_user_error([&] { load_plugin(registry, folder / "none.so"); }, {"none.so", "cannot be opened"});
  std::ofstream(folder / "text.so") << "not a library";
  expect_user_error([&] { load_plugin(registry, folder / "text.so"); }, {"text.so", "cannot be loaded"});
}

}  // namespace
}  // namespace lrpp
