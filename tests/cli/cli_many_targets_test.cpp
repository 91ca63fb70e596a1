// `lrpp` with several targets and positions: every output, each row against a run of its own, what is
// refused.
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

class CliManyTargets : public Cli {
 protected:
  Json explained(const std::string& arguments) {
    const Result r = lrpp("explain " + arguments + " --output " + path("one.json"));
    EXPECT_EQ(r.code, 0) << r.err;
    return read_json(path("one.json"));
  }
  static Tensor numbers(const Json& list) { return at::tensor(list.get<std::vector<double>>(), at::kDouble); }

  const std::string text_ = model_ + " --text 'A warm, funny and moving film.'";
  const std::string cnn_ = zoo_ + "digits-cnn", seven_ = cnn_ + "/example-1.png",
                    second_ = cnn_ + "/example-2.png";
};

TEST_F(CliManyTargets, EachTargetAtEachPositionHasARow) {
  const std::vector<std::string> targets{"positive", "negative", "positive-negative"},
      positions{"first", "last"};
  std::string asked = " --position first,last";
  for (const std::string& target : targets) asked += " --target " + target;
  const Result r = lrpp("explain " + text_ + asked + " --output " + path("a.json") + " --output " +
                        path("a.safetensors") + " --output " + path("a.html"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("Explanation 6 of 6: example 1, at token 8\n"), std::string::npos) << r.out;
  const Json json = read_json(path("a.json"));
  EXPECT_EQ(json["target_asked"], Json(targets));
  EXPECT_EQ(json["position_asked"], "first,last");
  ASSERT_EQ(json["examples"].size(), 6U);
  const SafetensorsFile file(path("a.safetensors"));
  EXPECT_EQ(file.get("relevance_token").sizes(), (std::vector<int64_t>{6, 9}));
  EXPECT_EQ(file.get("logits").sizes(), (std::vector<int64_t>{6, 2}));
  EXPECT_TRUE(file.get("target").equal(at::tensor({1, 0, 1, 1, 0, 1}, at::kLong)));
  EXPECT_TRUE(file.get("contrast").equal(at::tensor({-1, -1, 0, -1, -1, 0}, at::kLong)));
  EXPECT_TRUE(file.get("example").equal(at::zeros({6}, at::kLong)));
  EXPECT_TRUE(file.get("position").equal(at::tensor({0, 0, 0, 8, 8, 8}, at::kLong)));
  for (size_t row = 0; row < 6; ++row) {
    const Json& ours = json["examples"][row];
    const Json alone =
        explained(text_ + " --target " + targets[row % 3] + " --position " + positions[row / 3]);
    EXPECT_EQ(ours["example"], 0);
    for (const char* key : {"text", "tokens", "target", "target_label", "position"})
      EXPECT_EQ(ours[key], alone[key]) << key;
    EXPECT_EQ(ours.contains("contrast"), alone.contains("contrast"));
    // Float32: products of six rows may be cut into other blocks than those of one.
    EXPECT_LT(relative_difference(numbers(ours["relevance"]), numbers(alone["relevance"])), 1e-4);
    EXPECT_FALSE(alone.contains("example"));
  }
  const std::string html = slurp(path("a.html"));
  EXPECT_NE(html.find("6 explanations: sst2-mamba"), std::string::npos);
  EXPECT_NE(html.find("(example 1, at token 8)"), std::string::npos);
  EXPECT_NE(html.find("positive - negative"), std::string::npos);
}

TEST_F(CliManyTargets, AllIsEveryClassOfEveryPicture) {
  const Result r = lrpp("explain " + cnn_ + " --image " + seven_ + " " + second_ + " --target all --output " +
                        path("a.json") + " --output " + path("a.safetensors"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("... and 12 more explanations"), std::string::npos) << r.out;
  const Json json = read_json(path("a.json"));
  ASSERT_EQ(json["examples"].size(), 20U);
  for (size_t row = 0; row < 20; ++row) {
    EXPECT_EQ(json["examples"][row]["target"], row % 10);
    EXPECT_EQ(json["examples"][row]["example"], row / 10);
    EXPECT_EQ(json["examples"][row]["image"], row < 10 ? seven_ : second_);
  }
  const SafetensorsFile file(path("a.safetensors"));
  EXPECT_EQ(file.get("relevance").sizes(), (std::vector<int64_t>{20, 1, 28, 28}));
  EXPECT_TRUE(file.get("example").equal(at::arange(2, at::kLong).repeat_interleave(10)));
  EXPECT_FALSE(file.tensors().contains("position"));
  const Json alone = explained(cnn_ + " --image " + second_ + " --target 3");
  EXPECT_NEAR(json["examples"][13]["sum_relevance"].get<double>(), alone["sum_relevance"].get<double>(),
              1e-3);
  expect_refused("explain " + cnn_ + " --image " + seven_ + " --target all --output " + path("a.png"),
                 {"a PNG shows one target", ".json"});
  expect_refused(
      "explain " + cnn_ + " --image " + seven_ + " --target 1 --target 2 --output " + path("a.png"),
      {"a PNG shows one target"});
}

TEST_F(CliManyTargets, EveryPositionOfALanguageModel) {
  const std::string language = fixture("hf-forward/gpt2").string();
  const std::string input = language + " --input " + language + "/case.safetensors";
  const Result r =
      lrpp("explain " + input + " --position all --dtype float64 --output " + path("a.safetensors"));
  ASSERT_EQ(r.code, 0) << r.err;
  const SafetensorsFile file(path("a.safetensors")), expected(language + "/case.safetensors");
  const Tensor logits = expected.get("logits").flatten(0, 1);  // [B*T, V], of every position
  EXPECT_LT(relative_difference(file.get("logits"), logits), 1e-9);
  EXPECT_TRUE(file.get("target").equal(logits.argmax(1)));
  EXPECT_TRUE(file.get("position").equal(at::arange(11, at::kLong).repeat({2})));
  // What comes later has no part in an answer.
  const Tensor relevance = file.get("relevance_token").unflatten(0, {2, 11});
  EXPECT_EQ(relevance.triu(1).abs().max().item<double>(), 0);
  expect_refused("explain " + input + " --target all", {"for classifiers", "72 tokens", "by its index"});
  expect_refused("explain " + input + " --position 3,11", {"[0, 11)", "11"});
}

TEST_F(CliManyTargets, AuditBalances) {
  const Result r =
      lrpp("audit " + text_ + " --target all --position 0,3,last --output " + path("ledger.json"));
  EXPECT_EQ(r.code, 0) << r.out << r.err;
  const Json ledger = read_json(path("ledger.json"));
  EXPECT_TRUE(ledger["balances"].get<bool>());
  EXPECT_EQ(ledger["provenance"]["target"], "all");
  const Json one = explained(text_ + " --dtype float64 --target positive --position 3");
  double sum = 0;
  for (const char* target : {"positive", "negative"})
    for (const char* position : {"0", "3", "last"})
      sum += explained(text_ + " --dtype float64 --target " + target + " --position " + position)["score"]
                 .get<double>();
  EXPECT_NEAR(ledger["seed"].get<double>(), sum, 1e-9) << "sums are over all explanations";
}

TEST_F(CliManyTargets, ReadsItsOwnOutputAgain) {
  const std::string explain = "explain " + fixture_ + " --input ";
  ASSERT_EQ(lrpp(explain + fixture_ + "/case.safetensors --target all --position 0,1 --output " +
                 path("a.safetensors"))
                .code,
            0);
  const SafetensorsFile output(path("a.safetensors"));
  NamedTensors both{{"input_ids", SafetensorsFile(fixture_ + "/case.safetensors").get("input_ids").clone()}};
  for (const auto& [name, info] : output.tensors()) {
    if (name != "target") both.emplace_back(name, output.get(name).clone());
  }
  save_safetensors(path("b.safetensors"), both);
  EXPECT_EQ(lrpp(explain + path("b.safetensors")).code, 0);
}

TEST_F(CliManyTargets, BadListsAreRefusedByName) {
  const std::string text = "explain " + text_;
  expect_refused(text + " --target positive --target positive", {"'positive' is given more than once"});
  expect_refused(text + " --target positive --target 1", {"'positive' and '1' are the same"});
  expect_refused(text + " --target 0 --target postive", {"'postive'", "positive"});
  expect_refused(text + " --target 0 --target 2", {"[0, 2)", "2"});
  expect_refused(text + " --target all --target 0", {"'all' is every class", "alone"});
  expect_refused(text + " --target 0 1", {"1"});
  expect_refused(text + " --target '[SEP]'", {"'[SEP]' is no target"});
  expect_refused(text + " --target ''", {"'' is no target"});
  expect_refused(text + " --position 0,9", {"[0, 9)", "9"});
  expect_refused(text + " --position 0,0", {"'0' and '0' are the same"});
  expect_refused(text + " --position 0,,1", {"''"});
  expect_refused("explain " + zoo_ + "sst2-bert --text x --position 0,1", {"whole input", "0,1"});
  expect_refused("audit " + text_ + " --target 0 --target 0", {"given more than once"});
}

}  // namespace
}  // namespace lrpp
