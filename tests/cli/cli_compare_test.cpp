// lrpp compare: good input, and each kind of bad input.
#include <lrpp/framework/io/json.h>
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

class CliCompare : public Cli {
 protected:
  std::string compare(const std::string& rest) const { return "compare " + rest; }
  const std::string text_ = " --text 'Not a bad way to spend an evening.'";
};

TEST_F(CliCompare, ModelsOnOneText) {
  const Result r = lrpp(compare(zoo_ + "sst2-mamba " + zoo_ + "sst2-gpt2" + text_ + " --output " +
                                path("c.json") + " --output " + path("c.html")));
  ASSERT_EQ(r.code, 0) << r.err;
  const Json json = read_json(path("c.json"));
  ASSERT_EQ(json["sides"].size(), 2u);
  EXPECT_EQ(json["words"].size(), 9u);
  EXPECT_EQ(json["target"], "positive") << "the first model's answer is asked of both";
  for (const Json& side : json["sides"]) {
    double sum = side["outside"];
    for (const Json& value : side["relevance"]) sum += value.get<double>();
    // Read back from decimals of float64.
    EXPECT_NEAR(sum, side["sum_relevance"].get<double>(), 1e-12);
  }
  EXPECT_EQ(json["rank_correlation"][0][0], 1.0);
  EXPECT_NE(slurp(path("c.html")).find("2 models on one text"), std::string::npos);
}

TEST_F(CliCompare, WhatItSaysIsWhatExplainSays) {
  ASSERT_EQ(
      lrpp("explain " + zoo_ + "sst2-gpt2 --target positive" + text_ + " --output " + path("e.json")).code,
      0);
  ASSERT_EQ(lrpp(compare(zoo_ + "sst2-mamba " + zoo_ + "sst2-gpt2 --target positive" + text_ + " --output " +
                         path("c.json")))
                .code,
            0);
  const Json side = read_json(path("c.json"))["sides"][1], alone = read_json(path("e.json"));
  EXPECT_EQ(side["score"], alone["score"]);
  EXPECT_EQ(side["sum_relevance"], alone["sum_relevance"]);
}

TEST_F(CliCompare, PicturesAndMethods) {
  const std::string image = " --image " + zoo_ + "digits-cnn/example-1.png --output ";
  ASSERT_EQ(lrpp(compare(zoo_ + "digits-cnn " + zoo_ + "digits-vit" + image + path("p.json"))).code, 0);
  EXPECT_EQ(read_json(path("p.json"))["grid"], Json::parse("[28, 28]"));
  const Result r = lrpp(compare(zoo_ + "sst2-mamba --method mamba-lrp --method 'random(seed=3)'" + text_ +
                                " --output " + path("m.json")));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(read_json(path("m.json"))["sides"][1]["name"], "random(seed=3)");
}

TEST_F(CliCompare, AnIndexIsTheFirstModelsClassByItsName) {
  const std::string turned = path("turned");
  fs::copy(zoo_ + "sst2-gpt2", turned);
  Json config = read_json(turned + "/config.json");
  config["id2label"] = {{"0", "positive"}, {"1", "negative"}};
  config["label2id"] = {{"positive", 0}, {"negative", 1}};
  write("turned/config.json", config.dump());
  const Result r =
      lrpp(compare(model_ + " " + turned + " --target 1" + text_ + " --output " + path("c.json")));
  ASSERT_EQ(r.code, 0) << r.err;
  const Json sides = read_json(path("c.json"))["sides"];
  // The class that is called positive there is the first.
  for (const Json& output : sides[1]["outputs"]) {
    if (output["label"] == "positive") {
      EXPECT_EQ(sides[1]["score"], output["logit"]);
    }
  }
}

TEST_F(CliCompare, BadInputIsRefused) {
  const std::string mamba = zoo_ + "sst2-mamba ";
  expect_refused(compare(mamba + text_), {"several models", "1 model(s) and 0 method(s)"});
  expect_refused(compare(mamba + "--method mamba-lrp" + text_), {"1 method(s)"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --method mamba-lrp --method random" + text_), {"several"});
  expect_refused(compare(mamba + zoo_ + "needle-mamba" + text_), {"labels", "sst2-mamba", "needle-mamba"});
  expect_refused(compare(mamba + zoo_ + "digits-cnn" + text_), {"sees"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --target maybe" + text_), {"'maybe'"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --target all" + text_), {"[target]"});
  expect_refused(compare(mamba + "--method gradient --method mamba-lrp" + text_), {"gradient-x-input"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert"), {"[input]"});
  expect_refused(compare(mamba + mamba + text_), {"more than once"});
  const Result png = lrpp(compare(mamba + zoo_ + "sst2-bert" + text_ + " --output " + path("c.png")));
  EXPECT_EQ(png.code, 2);
  EXPECT_NE(png.err.find(".html, .json"), std::string::npos) << png.err;
}

}  // namespace
}  // namespace lrpp
