#include <lrpp/framework/model.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/framework/seed.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

const std::vector<std::string> labels{"negative", "positive", "so-so"};

std::optional<int64_t> look_up(std::string_view word) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == word) return static_cast<int64_t>(i);
  }
  return std::nullopt;
}

Tensor logits() { return at::tensor({1.0, 3.0, 2.0, -1.0, -2.0, 0.0}, at::kDouble).reshape({2, 3}); }

TargetIndex resolve(std::string_view target, const Tensor& given = {}) {
  return resolve_target(target, logits(), given, labels, look_up);
}

TEST(Target, EveryFormIsUnderstood) {
  EXPECT_TRUE(resolve("argmax").target.equal(at::tensor({1, 2}, at::kLong)));
  EXPECT_TRUE(resolve("2").target.equal(at::tensor({2, 2}, at::kLong)));
  EXPECT_TRUE(resolve("positive").target.equal(at::tensor({1, 1}, at::kLong)));
  EXPECT_TRUE(resolve("input", at::tensor({0, 2}, at::kLong)).target.equal(at::tensor({0, 2}, at::kLong)));
  const TargetIndex contrast = resolve("positive-negative");
  EXPECT_TRUE(contrast.target.equal(at::tensor({1, 1}, at::kLong)));
  EXPECT_TRUE(contrast.contrast.equal(at::tensor({0, 0}, at::kLong)));
  EXPECT_TRUE(resolve("so-so-0").target.equal(at::tensor({2, 2}, at::kLong))) << "a label may hold a hyphen";
  EXPECT_FALSE(resolve("so-so").contrast.defined());
}

TEST(Target, BadOnesAreNamed) {
  expect_user_error([] { resolve("3"); }, {"[0, 3)", "3"});
  expect_user_error([] { resolve("-1"); }, {"[0, 3)", "-1"});
  expect_user_error([] { resolve("positve"); }, {"'positve'", "positive"});
  expect_user_error([] { resolve("1-1"); }, {"difference of a class and itself"});
  expect_user_error([] { resolve(""); }, {"no target of this model"});
  expect_user_error([] { resolve("input"); }, {"these inputs have none"});
  expect_user_error([] { resolve("input", at::tensor({0, 3}, at::kLong)); }, {"[0, 3)", "3"});
  expect_user_error([] { resolve("input", at::tensor({0}, at::kLong)); }, {"shape [2]", "[1]"});
}

TEST(Target, RefusesAWordWhoseClassTheModelLacks) {
  // As where a tokenizer knows more tokens than the model has outputs.
  const LabelLookup lookup = [](std::string_view word) -> std::optional<int64_t> {
    if (word == "far") return 7;
    return std::nullopt;
  };
  for (const char* target : {"far", "far-0", "0-far"}) {
    expect_user_error([&] { resolve_target(target, logits(), {}, {}, lookup); }, {"'far'", "7", "[0, 3)"});
  }
}

TEST(Targets, SeveralStandSideBySide) {
  const Tensor given = at::tensor({0, 2}, at::kLong);
  const auto several = [&](const std::vector<std::string>& targets) {
    return resolve_targets(targets, logits(), given, labels, look_up);
  };
  const TargetIndex index = several({"so-so", "argmax", "0", "input"});
  EXPECT_TRUE(index.target.equal(at::tensor({2, 1, 0, 0, 2, 2, 0, 2}, at::kLong)));
  EXPECT_FALSE(index.contrast.defined());
  EXPECT_TRUE(several({"all"}).target.equal(at::tensor({0, 1, 2, 0, 1, 2}, at::kLong)));
  EXPECT_TRUE(several({"argmax"}).target.equal(resolve("argmax").target));
  const TargetIndex mixed = several({"1", "positive-negative"});
  EXPECT_TRUE(mixed.target.equal(at::tensor({1, 1, 1, 1}, at::kLong)));
  EXPECT_TRUE(mixed.contrast.equal(at::tensor({-1, 0, -1, 0}, at::kLong)));
  const Tensor rows = logits().repeat_interleave(2, 0);
  EXPECT_TRUE(target_score(rows, mixed).equal(at::tensor({3.0, 2.0, -2.0, -1.0}, at::kDouble)));
  const Tensor seed = make_seed(rows, mixed, Start::logit);
  EXPECT_TRUE(
      seed.slice(0, 0, 2).equal(at::tensor({0.0, 1.0, 0.0, -1.0, 1.0, 0.0}, at::kDouble).reshape({2, 3})));
}

TEST(Targets, BadListsAreNamed) {
  const auto refuse = [](const std::vector<std::string>& targets, const std::vector<std::string>& names,
                         const std::vector<std::string>& parts) {
    expect_user_error([&] { resolve_targets(targets, logits(), {}, names, look_up); }, parts);
  };
  refuse({}, labels, {"at least one target", "none"});
  refuse({"1", "0", "1"}, labels, {"'1' is given more than once"});
  refuse({"argmax", "argmax"}, labels, {"'argmax' is given more than once"});
  refuse({"1", "positive"}, labels, {"'1' and 'positive' are the same"});
  refuse({"1-0", "positive-negative"}, labels, {"'1-0' and 'positive-negative' are the same"});
  refuse({"1", "postive"}, labels, {"'postive'", "positive"});
  refuse({"1", "3"}, labels, {"[0, 3)", "3"});
  refuse({"all", "1"}, labels, {"'all' is every class", "alone"});
  refuse({"all"}, {}, {"for classifiers", "3 tokens"});
}

TEST(Seed, PutsTheLogitOrOneOnTheTarget) {
  const Tensor values = logits();
  const TargetIndex index = resolve("1-0");
  const Tensor by_logit = (make_seed(values, index, Start::logit) * values).sum(1);
  EXPECT_TRUE(by_logit.equal(at::tensor({2.0, -1.0}, at::kDouble)));
  const Tensor by_one = (make_seed(values, index, Start::one) * values).sum(1);
  EXPECT_TRUE(at::allclose(by_one, at::ones({2}, at::kDouble)));
  expect_user_error([&] { make_seed(values, resolve("2"), Start::one); }, {"exactly 0", "--start logit"});
  expect_user_error([] { start_from_name("two"); }, {"'logit' or 'one'", "'two'"});
}

TEST(Position, LastFirstIndex) {
  const Tensor lengths = at::tensor({3, 5}, at::kLong);
  EXPECT_TRUE(resolve_position("last", lengths).equal(at::tensor({2, 4}, at::kLong)));
  EXPECT_TRUE(resolve_position("first", lengths).equal(at::tensor({0, 0}, at::kLong)));
  EXPECT_TRUE(resolve_position("2", lengths).equal(at::tensor({2, 2}, at::kLong)));
  expect_user_error([&] { resolve_position("3", lengths); }, {"[0, 3)", "3"});
  expect_user_error([&] { resolve_position("-1", lengths); }, {"[0, 3)"});
  expect_user_error([&] { resolve_position("end", lengths); }, {"'last', 'first' or an index", "'end'"});
  expect_user_error([&] { resolve_position("", lengths); }, {"'last', 'first' or an index", "''"});
}

TEST(Position, SeveralStandSideBySide) {
  const Tensor lengths = at::tensor({3, 5}, at::kLong);
  EXPECT_TRUE(resolve_position("1,last,first", lengths).equal(at::tensor({1, 2, 0, 1, 4, 0}, at::kLong)));
  EXPECT_TRUE(
      resolve_position("all", at::tensor({2, 2}, at::kLong)).equal(at::tensor({0, 1, 0, 1}, at::kLong)));
  expect_user_error([&] { resolve_position("all", lengths); },
                    {"'all' needs inputs of one length", "3 to 5"});
  expect_user_error([&] { resolve_position("1,3", lengths); }, {"[0, 3)", "3"});
  expect_user_error([&] { resolve_position("1,", lengths); }, {"''"});
  expect_user_error([&] { resolve_position("1, 2", lengths); }, {"' 2'"});
  expect_user_error([&] { resolve_position("1,all", lengths); }, {"'all'"});
  expect_user_error([&] { resolve_position("1,last,01", lengths); }, {"'1' and '01' are the same"});
  expect_user_error([&] { resolve_position("last,last", lengths); }, {"'last' and 'last' are the same"});
}

TEST(PrepareText, RefusesWhatCannotBeExplained) {
  GraphBuilder builder;
  const Value input_ids = builder.input("input_ids"), position = builder.input("position");
  const Value table =
      builder.add("table", std::make_shared<ops::Embedding>(testing::random({10, 2})), {input_ids});
  const Value chosen = builder.add("select", std::make_shared<ops::SelectToken>(), {table, position});
  Model model;
  model.graph = std::move(builder).finish(table, chosen);
  model.vocabulary_size = 10;
  model.max_tokens = 3;
  const Tensor ids = at::tensor({1, 2, 3, 4, 5, 6}, at::kLong).reshape({2, 3});
  const auto prepare = [&](Tensor input_ids, Tensor mask) {
    return prepare_text(model, {std::move(input_ids), std::move(mask), {}}, "last");
  };
  EXPECT_TRUE(prepare(ids, {}).at("position").equal(at::tensor({2, 2}, at::kLong)));
  const Tensor mask = at::tensor({1, 1, 0, 1, 1, 1}, at::kLong).reshape({2, 3});
  EXPECT_TRUE(prepare(ids, mask).at("position").equal(at::tensor({1, 2}, at::kLong)));
  expect_user_error([&] { prepare({}, {}); }, {"needs input_ids"});
  expect_user_error([&] { prepare(ids.to(at::kInt), {}); }, {"int64", "Int"});
  expect_user_error([&] { prepare(ids[0], {}); }, {"[B,T]", "[3]"});
  expect_user_error([&] { prepare(ids.slice(1, 0, 0), {}); }, {"at least one token", "[2, 0]"});
  expect_user_error([&] { prepare(ids + 5, {}); }, {"[0, 10)", "11"});
  expect_user_error([&] { prepare(ids - 2, {}); }, {"[0, 10)", "-1"});
  expect_user_error([&] { prepare(ids, mask.flip(1)); }, {"padding must follow"});
  expect_user_error([&] { prepare(ids, mask * 0); }, {"at least one real token"});
  expect_user_error([&] { prepare(ids, mask + 1); }, {"only 0 and 1"});
  expect_user_error([&] { prepare(ids, mask[0]); }, {"shape of input_ids", "[3]"});
  expect_user_error([&] { prepare(at::cat({ids, ids}, 1), {}); }, {"positions for 3 tokens", "6"});
  expect_user_error(
      [&] {
        prepare_text(model, {ids, {}, {}, at::zeros_like(ids)}, "last");
      },
      {"takes no token_type_ids"});
}

TEST(PrepareImage, RefusesWhatCannotBeExplained) {
  Model model;
  model.dtype = at::kDouble;
  model.image = ImageShape{1, 4, 0};
  const Tensor pixels = testing::random({2, 1, 4, 5}).to(at::kFloat);
  EXPECT_EQ(prepare_image(model, {pixels, {}}).at("pixel_values").scalar_type(), at::kDouble);
  expect_user_error([&] { prepare_image(model, {}); }, {"needs pixel_values"});
  expect_user_error([&] { prepare_image(model, {pixels.to(at::kInt), {}}); }, {"floating-point", "Int"});
  expect_user_error([&] { prepare_image(model, {pixels[0], {}}); }, {"[B, 1, 4, W]", "[1, 4, 5]"});
  expect_user_error(
      [&] {
        prepare_image(model, {pixels.transpose(2, 3), {}});
      },
      {"[B, 1, 4, W]", "[2, 1, 5, 4]"});
  expect_user_error([&] { prepare_image(model, {pixels / 0, {}}); }, {"finite"});
  expect_user_error([&] { prepare_image(model, {pixels, at::zeros({3}, at::kLong)}); }, {"target", "[2]"});
}

}  // namespace
}  // namespace lrpp
