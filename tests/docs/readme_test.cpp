// The C++ of README.md, compiled, run on the model that ships, and held against what it should say.
// [docs:includes]
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/plugins/mamba/register.h>
#include <lrpp/rules/register.h>
// [/docs:includes]
#include <gtest/gtest.h>

#include <filesystem>

namespace {

TEST(Readme, ExplainsASentence) {
  std::filesystem::current_path(LRPP_SOURCE_DIR);
  // [docs:explain]
  lrpp::Registry registry;
  lrpp::register_framework(registry);
  lrpp::register_rules(registry);
  lrpp::register_mamba(registry);

  const lrpp::Model model = lrpp::load_model(registry, "zoo/sst2-mamba");
  const auto tokenizer = lrpp::Tokenizer::from_file("zoo/sst2-mamba/tokenizer.json");
  const lrpp::Encoding words = tokenizer.encode("The camera work is superb.");
  lrpp::TextInputs text;
  text.input_ids = at::tensor(words.ids, at::kLong).unsqueeze(0);

  const lrpp::Plan plan = lrpp::make_plan(model.graph, registry.make_composite("mamba-lrp"));
  const lrpp::Attribution result = lrpp::explain(plan, lrpp::prepare_text(model, text, "last"), model.labels);
  for (int64_t i = 0; i < text.input_ids.size(1); ++i) {
    fmt::print("{:>8} {:+.2f}\n", words.tokens[i], result.relevance_token[0][i].item<double>());
  }
  // [/docs:explain]
  ASSERT_EQ(result.relevance_token.size(1), text.input_ids.size(1));
  EXPECT_EQ(model.labels.at(static_cast<size_t>(result.target.target[0].item<int64_t>())), "positive");
  EXPECT_EQ(words.tokens.at(static_cast<size_t>(result.relevance_token[0].argmax().item<int64_t>())),
            "superb");
}

}  // namespace
