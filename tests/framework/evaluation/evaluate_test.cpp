#include <lrpp/cli/builtins.h>
#include <lrpp/framework/evaluation/conservation.h>
#include <lrpp/framework/evaluation/evaluate.h>
#include <lrpp/framework/evaluation/randomization.h>
#include <lrpp/framework/evaluation/similarity.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/tests/support/testing.h>

#include <fstream>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::TemporaryFolder;
namespace fs = std::filesystem;

const fs::path zoo_folder = fs::path(LRPP_SOURCE_DIR) / "zoo";

constexpr const char* sentences =
    "a good film\tpositive\nso bad that it hurts\t0\nslow at first , then superb\t1\n"
    "what a mess\t0\ndull , dull , dull\t0\na truly great and moving story\t1\nbad\t0\n";

/// Sentences and zoo/sst2-mamba, in float64 so that batches of any size agree closely.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    DataOptions options;
    options.path = folder_ / "data.tsv";
    std::ofstream(options.path) << sentences;
    tokenizer_ = Tokenizer::from_file(model_.directory / "tokenizer.json");
    dataset_ = read_dataset(model_, tokenizer_, options);
    options_.methods = {registry_.make_method("mamba-lrp"), registry_.make_method("gradient-x-input")};
    options_.metrics = {parse_metric("flipping(steps=4)"), parse_metric("sparseness")};
  }

  EvaluationReport run(const std::string& file) const {
    check(model_, dataset_, options_);
    StateFile state(folder_ / file, fingerprint(model_, dataset_, options_));
    evaluate(registry_, model_, dataset_, options_, state, {});
    return summarize(model_, dataset_, options_, state);
  }

  /// Without what differs from run to run: times.
  static Json timeless(const EvaluationReport& report) {
    Json json = to_json(report);
    for (Json& method : json["methods"]) method.erase("explanations_per_second");
    return json;
  }

  TemporaryFolder folder_;
  const Registry registry_ = builtin_registry();
  const Model model_ = load_model(registry_, zoo_folder / "sst2-mamba", {at::kDouble, at::kCPU, false, {}});
  std::optional<Tokenizer> tokenizer_;
  Dataset dataset_;
  EvaluationOptions options_;
};

TEST_F(Evaluate, AnotherWayToComputeIsAnotherMeasurement) {
  run("s.jsonl");
  options_.computation["tf32"] = true;
  expect_user_error([&] { run("s.jsonl"); }, {"'tf32'", "--restart"});
  EXPECT_EQ(run("other.jsonl").settings["tf32"], true);
}

TEST_F(Evaluate, GivesEachExampleItsNumbers) {
  const EvaluationReport report = run("s.jsonl");
  EXPECT_EQ(report.examples, 7);
  ASSERT_EQ(report.methods.size(), 2u);
  EXPECT_GT(report.methods[0].per_second, 0);
  EXPECT_GT(report.accuracy, 0.5);
  ASSERT_EQ(report.scores.size(), 4u) << "dA_F, two areas, and sparseness";
  EXPECT_EQ(report.scores[0].name, "dA_F");
  EXPECT_GT(report.scores[0].values[0].low, 0) << "mamba-lrp is better than chance on its model";
  EXPECT_EQ(report.scores[0].differences[0].mean, 0);
  EXPECT_EQ(report.scores[0].p[0], 1);
  ASSERT_EQ(report.curves.size(), 4u);
  EXPECT_EQ(report.curves[0].at.size(), 5u);
}

TEST_F(Evaluate, AnExampleAloneGetsWhatItGetsInABatch) {
  options_.metrics = {parse_metric("flipping"),
                      parse_metric("insertion(replace=remove)"),
                      parse_metric("srg"),
                      parse_metric("comprehensiveness"),
                      parse_metric("sufficiency"),
                      parse_metric("sparseness"),
                      parse_metric("complexity"),
                      parse_metric("conservation"),
                      parse_metric("max-sensitivity(samples=2)"),
                      parse_metric("random-logit")};
  const Json together = timeless(run("together.jsonl"));
  DataOptions options;
  options.path = folder_ / "data.tsv";
  Dataset all = dataset_;
  std::map<std::string, double> sums;
  for (size_t i = 0; i < all.examples.size(); ++i) {
    dataset_.examples = {all.examples[i]};
    options_.batch = 3;
    const EvaluationReport one = run(fmt::format("alone-{}.jsonl", i));
    for (const auto& score : one.scores) sums[score.metric + " " + score.name] += score.values[0].mean / 7;
  }
  for (const auto& [metric, scores] : together["methods"][0]["scores"].items()) {
    for (const auto& [name, value] : scores.items())
      EXPECT_NEAR(value["mean"].get<double>(), sums.at(metric + " " + name), 1e-9) << metric << " " << name;
  }
}

TEST_F(Evaluate, ARunThatWasStoppedGoesOn) {
  const Json whole = timeless(run("whole.jsonl"));
  const std::string text = read_file(folder_ / "whole.jsonl", 1 << 24);
  std::vector<size_t> ends;
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ends.push_back(at + 1);
  ASSERT_EQ(ends.size(), 1u + 2 * 7);
  // Stopped after any number of lines, and in the middle of the next.
  for (const size_t lines : {size_t{1}, size_t{2}, size_t{7}, size_t{9}, size_t{14}}) {
    const size_t cut = std::min(ends[lines - 1] + 30, ends.back() - 1);
    std::ofstream(folder_ / "part.jsonl", std::ios::binary | std::ios::trunc) << text.substr(0, cut);
    const Json again = timeless(run("part.jsonl"));
    EXPECT_EQ(again["methods"][0]["method"], whole["methods"][0]["method"]);
    for (size_t m = 0; m < 2; ++m) {
      for (const auto& [metric, scores] : whole["methods"][m]["scores"].items()) {
        for (const auto& [name, value] : scores.items()) {
          EXPECT_NEAR(again["methods"][m]["scores"][metric][name]["mean"].get<double>(),
                      value["mean"].get<double>(), 1e-9);
        }
      }
    }
    const std::string now = read_file(folder_ / "part.jsonl", 1 << 24);
    EXPECT_EQ(std::count(now.begin(), now.end(), '\n'), 1 + 2 * 7) << "each example once under each method";
  }
}

TEST_F(Evaluate, NothingIsMeasuredTwiceAndAMethodMayBeAdded) {
  run("s.jsonl");
  const std::string before = read_file(folder_ / "s.jsonl", 1 << 24);
  run("s.jsonl");
  EXPECT_EQ(read_file(folder_ / "s.jsonl", 1 << 24), before);
  options_.methods.push_back(registry_.make_method("ln-rule"));
  run("s.jsonl");
  const std::string after = read_file(folder_ / "s.jsonl", 1 << 24);
  EXPECT_TRUE(after.starts_with(before));
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 1 + 3 * 7);
  options_.metrics.pop_back();
  expect_user_error([&] { run("s.jsonl"); }, {"'metrics'", "--restart"});
}

TEST_F(Evaluate, ConservationHoldsWithoutBiases) {
  options_.metrics = {parse_metric("conservation"), parse_metric("conservation(biases=false)")};
  const EvaluationReport report = run("s.jsonl");
  // mamba-lrp passes on all but what biases take: exactly so where there are none. Float64.
  EXPECT_LT(report.scores[3].values[0].high, 1e-9);
  EXPECT_GT(report.scores[0].values[0].mean, 1e-3);
  EXPECT_GT(report.scores[3].values[1].mean, 1e-2) << "gradient x input does not conserve";
}

TEST_F(Evaluate, RandomisationIsOfTheWholeModel) {
  options_.methods.resize(1);
  options_.metrics = {parse_metric("mprt(seed=5)")};
  dataset_.examples.resize(1);
  const EvaluationReport report = run("s.jsonl");
  // The last model, made by hand.
  LoadOptions load{at::kDouble, at::kCPU, false, {}};
  load.change = [](const std::string& name, const Tensor& weight) { return shuffled(weight, name, 5); };
  const Model random = load_model(registry_, model_.directory, load);
  const Inputs inputs = prepare(model_, dataset_, {&dataset_.examples[0]});
  ExplainOptions options;
  const Attribution original = options_.methods[0]->explain(model_, inputs, options);
  options.targets = {"input"};
  options.given_target = original.target.target;
  const Attribution other = options_.methods[0]->explain(random, inputs, options);
  const auto tokens = [](const Attribution& a) { return a.relevance_token.slice(1, 0, -1); };
  EXPECT_NEAR(report.scores[1].values[0].mean,
              rank_correlation(tokens(original), tokens(other)).item<double>(), 1e-9);
}

TEST_F(Evaluate, WhatDoesNotFitIsNamed) {
  const auto refuse = [&](const std::vector<std::string>& parts) {
    expect_user_error([&] { check(model_, dataset_, options_); }, parts);
  };
  options_.metrics = {parse_metric("road")};
  refuse({"'road' does not fit", "reads text"});
  options_.metrics = {parse_metric("pointing-game")};
  refuse({"'pointing-game'", "ground truth"});
  options_.metrics = {parse_metric("flipping(replace=blur)")};
  refuse({"'blur'"});
  options_.metrics = {parse_metric("srg"), parse_metric("srg")};
  refuse({"srg", "twice"});
  options_.metrics = {parse_metric("srg")};
  options_.methods = {registry_.make_method("gradient")};
  refuse({"'gradient'", "gradient-x-input"});
  options_.methods = {registry_.make_method("mamba-lrp")};
  options_.patch = 4;
  refuse({"[patch]", "pictures"});
  options_.patch = 0;
  options_.target = "all";
  refuse({"[target]"});
  options_.target = "label";
  dataset_.has_labels = false;
  refuse({"[target]", "no labels"});
  expect_user_error([] { parse_metric("fliping"); }, {"'fliping'", "Did you mean 'flipping'"});
  expect_user_error([] { parse_metric("flipping(step=3)"); }, {"'step'", "steps"});
  expect_user_error([] { parse_metric("flipping(steps=0)"); }, {"'steps'", "0"});
  expect_user_error([] { parse_metric("flipping(quantity=odds)"); }, {"'quantity'", "odds"});
}

TEST(EvaluatePictures, TruthAndRoad) {
  const Registry registry = builtin_registry();
  const Model model = load_model(registry, zoo_folder / "digits-cnn", {at::kDouble, at::kCPU, false, {}});
  TemporaryFolder folder;
  fs::create_directories(folder / "data/7");
  fs::create_directories(folder / "truth/7");
  fs::copy_file(zoo_folder / "digits-cnn/example-1.png", folder / "data/7/a.png");
  Image mask{28, 28, 1, std::vector<uint8_t>(28 * 28, 0)};
  std::fill(mask.pixels.begin(), mask.pixels.begin() + 14 * 28, uint8_t{255});
  write_png(folder / "truth/7/a.png", mask);
  DataOptions data;
  data.path = folder / "data";
  data.truth = folder / "truth";
  const Dataset dataset = read_dataset(model, std::nullopt, data);
  EvaluationOptions options;
  options.methods = {registry.make_method("gradient-x-input")};
  options.metrics = {parse_metric("mass-accuracy"), parse_metric("road(shares=[0.2,0.5])"),
                     parse_metric("flipping"), parse_metric("insertion")};
  options.target = "label";
  options.patch = 7;
  check(model, dataset, options);
  StateFile state(folder / "s.jsonl", fingerprint(model, dataset, options));
  evaluate(registry, model, dataset, options, state, {});
  const Json record = *state.find("gradient-x-input", 0);
  // The upper eight of sixteen patches.
  const Inputs inputs = prepare(model, dataset, {&dataset.examples[0]});
  ExplainOptions explain;
  explain.targets = {"7"};
  const Attribution attribution = options.methods[0]->explain(model, inputs, explain);
  const Tensor positive = sum_patches(attribution.relevance, 7).clamp_min(0);
  EXPECT_NEAR(record["scores"][0][0].get<double>(),
              (positive.slice(1, 0, 8).sum() / positive.sum()).item<double>(), 1e-9);
  EXPECT_EQ(record["target"], 7);
  EXPECT_EQ(record["curves"][1][0].size(), 2u);
}

}  // namespace
}  // namespace lrpp::evaluation
