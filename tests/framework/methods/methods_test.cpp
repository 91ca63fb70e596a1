// What all methods have in common: how they are asked for, and that each serves every family it can.
#include <lrpp/framework/methods/composite_method.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/spread.h>
#include <lrpp/tests/framework/methods/cases.h>
#include <lrpp/tests/support/graphs.h>

namespace lrpp {
namespace {

using namespace testing;

TEST(Methods, ACompositeIsAMethod) {
  const Registry registry = builtin_registry();
  for (const char* name : {"bert", "vit", "mamba-tied"}) {
    const MethodCase c(std::string("hf-forward/") + name);
    const MethodPtr method = registry.make_method("lrp-epsilon", {{"epsilon", 0.5}});
    EXPECT_EQ(method->name(), "lrp-epsilon");
    EXPECT_EQ(method->parameters()["epsilon"], 0.5);
    EXPECT_EQ(method->rejects(c.model), "");
    const Plan plan = make_plan(c.model.graph, registry.make_composite("lrp-epsilon", {{"epsilon", 0.5}}));
    const Attribution expected = explain(plan, c.inputs, c.model.labels, {});
    EXPECT_TRUE(method->explain(c.model, c.inputs, {}).relevance.equal(expected.relevance));
    EXPECT_EQ(method->record(c.model, {}), provenance(c.model, plan, {}));
  }
}

TEST(Methods, ThePlanOfAnotherModelIsAnotherPlan) {
  const CompositeMethod method(builtin_registry().make_composite("gradient"));
  const MethodCase bert("hf-forward/bert"), again("hf-forward/bert");
  const auto plan = method.plan(bert.model);
  EXPECT_EQ(method.plan(bert.model), plan);
  EXPECT_NE(method.plan(again.model), plan) << "a model loaded again may have other weights";
}

TEST(Methods, AreParsedAsTheyAreDescribed) {
  const Registry registry = builtin_registry();
  const MethodPtr method = parse_method(registry, "smooth-grad( samples=3, noise = 0.5,times_input=false)");
  EXPECT_EQ(describe(*method), "smooth-grad(samples=3,noise=0.5,times_input=false,seed=0,batch=32)");
  EXPECT_EQ(method->readout(), Readout::multiplier);
  EXPECT_EQ(describe(*parse_method(registry, describe(*method))), describe(*method));
  EXPECT_EQ(parse_method(registry, "occlusion(replacement=[UNK])")->parameters()["replacement"], "[UNK]");
  EXPECT_EQ(parse_method(registry, "occlusion(replacement=\"a,b\")")->parameters()["replacement"], "a,b");
  EXPECT_EQ(describe(*parse_method(registry, "mamba-lrp()")), "mamba-lrp(epsilon=0.0,stabilizer=0.0)");
  EXPECT_EQ(describe(*parse_method(registry, "attention-rollout")), "attention-rollout");
}

TEST(Methods, WhatIsWrittenWrongIsNamed) {
  const Registry registry = builtin_registry();
  const auto parsing = [&](const char* text) { return [&registry, text] { parse_method(registry, text); }; };
  expect_user_error(parsing("smoothgrad"), {"unknown method 'smoothgrad'", "id you mean 'smooth-grad'"});
  expect_user_error(parsing("mambalrp"), {"unknown method", "mamba-lrp"});
  expect_user_error(parsing("smooth-grad(samples=3"), {"brackets at the end"});
  expect_user_error(parsing("smooth-grad(samples)"), {"name=value", "'samples'"});
  expect_user_error(parsing("smooth-grad(samples=3,samples=4)"), {"'samples' is given more than once"});
  expect_user_error(parsing("smooth-grad(sample=3)"), {"method smooth-grad", "'sample'", "samples"});
  expect_user_error(parsing("smooth-grad(samples=many)"), {"samples", "integer", "many"});
  expect_user_error(parsing("smooth-grad(samples=0)"), {"'samples' must be at least 1"});
  expect_user_error(parsing("smooth-grad(noise=-1)"), {"'noise'"});
  expect_user_error(parsing("integrated-gradients(rule=simpson)"), {"'simpson'", "midpoint"});
  expect_user_error(parsing("integrated-gradients(steps=0)"), {"'steps'"});
  expect_user_error(parsing("integrated-gradients(tolerance=0)"), {"'tolerance'"});
  expect_user_error(parsing("occlusion(batch=0)"), {"'batch'"});
  expect_user_error(parsing("occlusion(patch=-1)"), {"'patch'"});
  expect_user_error(parsing("lrp-epsilon(eps=1)"), {"composite lrp-epsilon", "'eps'"});
}

TEST(Methods, NamesAreTakenOnce) {
  Registry registry = builtin_registry();
  const auto make = [](const Registry& r, const Json&) { return r.make_method("random"); };
  expect_user_error(
      [&] {
        registry.add_method({"random", "", "", {}, make});
      },
      {"a method named 'random' is registered already"});
  expect_user_error([&] { registry.add_method({"mamba-lrp", "", "", {}, make}); }, {"'mamba-lrp'"});
  expect_user_error([&] { registry.add_composite({"random", "", {}, {}}); }, {"'random'"});
}

TEST(Methods, EachReportsItsParameters) {
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.methods()) {
    SCOPED_TRACE(name);
    const MethodPtr method = registry.make_method(name);
    EXPECT_EQ(method->name(), name);
    EXPECT_EQ(method->parameters().size(), info.parameters.size());
    for (const ParameterInfo& p : info.parameters) EXPECT_EQ(method->parameters()[p.name], p.default_value);
    expect_user_error([&] { registry.make_method(name, {{"no_such", 1}}); }, {"no_such"});
  }
}

/// Which families each method refuses, and why.
TEST(Methods, EachServesEveryFamilyThatItDoesNotReject) {
  const Registry registry = builtin_registry();
  for (const std::string& name : all_families()) {
    const MethodCase c(name);
    for (const auto& [method_name, info] : registry.methods()) {
      SCOPED_TRACE(name + ", " + method_name);
      const MethodPtr method = registry.make_method(method_name, quick(method_name));
      const std::string reason = method->rejects(c.model);
      EXPECT_EQ(reason.empty(), serves(method_name, c.model)) << reason;
      if (!reason.empty()) {
        expect_user_error([&] { method->explain(c.model, c.inputs, {}); },
                          {"cannot explain this model", reason});
        continue;
      }
      const Attribution a = method->explain(c.model, c.inputs, {});
      const Tensor x = values_at(c.model.graph, c.inputs);
      EXPECT_EQ(a.relevance.sizes(), x.sizes());
      EXPECT_TRUE(a.relevance.isfinite().all().item<bool>());
      EXPECT_LT(relative_difference(a.logits, run_forward(c.model, c.inputs)), 1e-12) << "float64 rounding";
      EXPECT_TRUE(a.target.target.equal(a.logits.argmax(1)));
      if (x.dim() == 3) {
        EXPECT_LT(relative_difference(a.relevance_token, a.relevance.sum(-1)), 1e-12);
      }
      EXPECT_EQ(method->record(c.model, {})["method"]["name"], method_name);
    }
  }
}

TEST(Methods, EachExplainsManyTargetsAndPositionsAsItDoesOne) {
  const Registry registry = builtin_registry();
  for (const char* name : {"hf-forward/mamba-tied", "hf-forward/gpt2", "hf-forward/jamba"}) {
    const MethodCase c(name);
    const auto at = [&](const char* position) { return c.inputs_at(position); };
    for (const auto& [method_name, info] : registry.methods()) {
      if (!serves(method_name, c.model) || method_name == "random") continue;  // chance has a row for each
      SCOPED_TRACE(std::string(name) + ", " + method_name);
      const MethodPtr method = registry.make_method(method_name, quick(method_name));
      ExplainOptions both;
      both.targets = {"3", "5-2"};
      const Attribution many = method->explain(c.model, at("1,last"), both);
      ASSERT_EQ(many.relevance.size(0), 4 * c.examples());
      int64_t row = 0;
      for (const char* position : {"1", "last"}) {
        for (const char* target : {"3", "5-2"}) {
          ExplainOptions one;
          one.targets = {target};
          const Attribution single = method->explain(c.model, at(position), one);
          const Tensor rows = many.relevance.unflatten(0, {c.examples(), 4}).select(1, row);
          // The same sums in another order: float64 rounding through a whole model.
          EXPECT_LT(relative_difference(rows, single.relevance), 1e-10) << position << " " << target;
          EXPECT_LT(
              relative_difference(many.score.unflatten(0, {c.examples(), 4}).select(1, row), single.score),
              1e-10);
          ++row;
        }
      }
    }
  }
}

TEST(Methods, StartOneDividesByTheScoreWhereThereIsAStart) {
  const Registry registry = builtin_registry();
  const MethodCase c("hf-forward/mamba-tied");
  ExplainOptions one;
  one.start = Start::one;
  for (const auto& [name, info] : registry.methods()) {
    if (!serves(name, c.model)) continue;
    SCOPED_TRACE(name);
    const MethodPtr method = registry.make_method(name, quick(name));
    if (name == "random" || name.starts_with("mamba-")) {
      expect_user_error([&] { method->explain(c.model, c.inputs, one); }, {"does not start from the output"});
      continue;
    }
    const Attribution a = method->explain(c.model, c.inputs, {});
    const Tensor expected = a.relevance / a.score.view({-1, 1, 1});
    EXPECT_LT(relative_difference(method->explain(c.model, c.inputs, one).relevance, expected), 1e-12);
  }
}

TEST(FedWithValues, AModelSaysTheSameOfItsEmbeddings) {
  for (const std::string& name : all_families()) {
    SCOPED_TRACE(name);
    const MethodCase c(name);
    const Graph fed = fed_with_values(c.model.graph);
    Inputs inputs = c.inputs;
    inputs[fed.node(fed.attributed().node).name] = values_at(c.model.graph, c.inputs);
    const Tensor expected = run_forward(c.model, c.inputs);
    // Of fused ops, and of a token picked early, sums go in another order: float64 rounding.
    const Plan plain = make_forward_plan(fed, std::vector<Value>{});
    EXPECT_LT(relative_difference(forward(plain, inputs).output, expected), 1e-12);
    const Plan fused = make_forward_plan(fed, c.model.composite);
    EXPECT_LT(relative_difference(forward(fused, inputs).output, expected), 1e-10);
  }
}

TEST(Spread, TokensLieEvenlyOnWhatTheyAreMadeOf) {
  const MethodCase text("hf-forward/mamba-tied");
  const Tensor x = values_at(text.model.graph, text.inputs);
  const Tensor tokens = random({x.size(0), x.size(1)});
  const Tensor spread = spread_over_values(text.model.graph, x, tokens);
  EXPECT_TRUE(spread.equal((tokens / x.size(2)).unsqueeze(-1).expand_as(x)));

  // Patches of 4 x 4 pixels, row by row, after a class token.
  const MethodCase image("hf-forward/vit");
  const Tensor pixels = image.inputs.at("pixel_values");
  const int64_t side = pixels.size(2) / 4;
  const Tensor shares = random({pixels.size(0), 1 + side * side});
  const Tensor map = spread_over_values(image.model.graph, pixels, shares);
  for (int64_t row = 0; row < side; ++row) {
    for (int64_t column = 0; column < side; ++column) {
      const Tensor patch = map.slice(2, 4 * row, 4 * row + 4).slice(3, 4 * column, 4 * column + 4);
      const Tensor share = shares.select(1, 1 + row * side + column).view({-1, 1, 1, 1}) / (3 * 16);
      EXPECT_LT(relative_difference(patch, share.expand_as(patch)), 1e-14);
    }
  }
}

}  // namespace
}  // namespace lrpp
