// The C++ of docs/how-to/explain-many-targets.md, compiled, run on models that ship, and held against what it
// should say.
#include <gtest/gtest.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <filesystem>

namespace {

TEST(ManyTargetsHowTo, ExplainsEveryClassAtTwoPositions) {
  std::filesystem::current_path(LRPP_SOURCE_DIR);
  const lrpp::Registry registry = lrpp::builtin_registry();
  const lrpp::Model model = lrpp::load_model(registry, "zoo/sst2-mamba");
  const lrpp::Encoding words =
      lrpp::Tokenizer::from_file("zoo/sst2-mamba/tokenizer.json").encode("Slow at first, then superb.");
  lrpp::TextInputs text;
  text.input_ids = at::tensor(words.ids, at::kLong).unsqueeze(0);
  const lrpp::Plan plan = lrpp::make_plan(model.graph, registry.make_composite("mamba-lrp"));
  // [docs:explain]
  lrpp::ExplainOptions options;
  options.targets = {"all"};    // or {"positive", "0", "argmax", "positive-negative"}
  options.rows_at_once = 1000;  // at most so many explanations walk back together; 0 chooses
  const lrpp::Attribution result =
      lrpp::explain(plan, lrpp::prepare_text(model, text, "2,last"), model.labels, options);
  for (int64_t row = 0; row < result.relevance.size(0); ++row) {
    fmt::print("example {}, token {}, target {}: score {:+.2f}\n", result.example[row].item<int64_t>(),
               result.position[row].item<int64_t>(), result.target.target[row].item<int64_t>(),
               result.score[row].item<double>());
  }
  // [/docs:explain]
  ASSERT_EQ(result.relevance_token.sizes(), (std::vector<int64_t>{4, text.input_ids.size(1)}));
  EXPECT_TRUE(result.target.target.equal(at::tensor({0, 1, 0, 1}, at::kLong)));
  const int64_t last = text.input_ids.size(1) - 1;
  EXPECT_TRUE(result.position.equal(at::tensor({int64_t{2}, int64_t{2}, last, last}, at::kLong)));
  // [docs:next-token]
  // At every token but the last, the token that follows as the target: what a language model was trained on.
  options.targets = {"input"};
  options.given_target = text.input_ids.slice(1, 1).flatten();  // [B P], example by example
  // [/docs:next-token]
  options.given_target =
      options.given_target % 2;  // this model has two classes and no vocabulary to answer with
  std::string positions = "0";
  for (int64_t t = 1; t < last; ++t) positions += "," + std::to_string(t);
  const auto next = lrpp::explain(plan, lrpp::prepare_text(model, text, positions), model.labels, options);
  EXPECT_TRUE(next.target.target.equal(options.given_target));
  EXPECT_EQ(next.relevance_token.triu(1).abs().max().item<double>(), 0) << "nothing rests on later tokens";
}

}  // namespace
