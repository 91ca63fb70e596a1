// lrpp compare: good input, and each kind of bad input.
#include <fmt/format.h>
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

/// The sum of what explain gives the tokens that end inside [begin, end) of the text. A token may begin with
/// the space before its word.
double word_sum(const Json& explained, int64_t begin, int64_t end) {
  double sum = 0;
  for (size_t t = 0; t < explained["tokens"].size(); ++t) {
    const auto from = explained["offsets"][t][0].get<int64_t>(),
               to = explained["offsets"][t][1].get<int64_t>();
    if (from < to && to > begin && to <= end) sum += explained["relevance"][t].get<double>();
  }
  return sum;
}

TEST_F(CliCompare, TextsHaveTheNumbersOfExplain) {
  const std::vector<std::string> models{"sst2-mamba", "sst2-mamba2", "sst2-bert", "sst2-gpt2"};
  std::string list;
  for (const std::string& model : models) list += zoo_ + model + " ";
  ASSERT_EQ(lrpp(compare(list + "--target positive" + text_ + " --output " + path("c.json") + " --output " +
                         path("c.html")))
                .code,
            0);
  const Json json = read_json(path("c.json"));
  const std::string page = slurp(path("c.html"));
  for (size_t i = 0; i < models.size(); ++i) {
    SCOPED_TRACE(models[i]);
    ASSERT_EQ(
        lrpp("explain " + zoo_ + models[i] + " --target positive" + text_ + " --output " + path("e.json"))
            .code,
        0);
    const Json side = json["sides"][i], alone = read_json(path("e.json"));
    EXPECT_EQ(side["name"], models[i]);
    EXPECT_EQ(json["target"], alone["target_label"]);
    EXPECT_EQ(side["score"], alone["score"]);
    EXPECT_EQ(side["sum_relevance"], alone["sum_relevance"]);
    for (size_t w = 0; w < json["words"].size(); ++w) {
      const Json& offsets = json["offsets"][w];
      // Sums of a few float64 numbers in one order or another.
      EXPECT_NEAR(side["relevance"][w].get<double>(), word_sum(alone, offsets[0], offsets[1]), 1e-12)
          << json["words"][w];
      // The page has the JSON's numbers, word by word, with nine digits.
      const std::string tip =
          fmt::format("id=\"s{}w{}\"><b><bdi>{}</bdi> {:+.9g}</b>", i, w, json["words"][w].get<std::string>(),
                      side["relevance"][w].get<double>());
      EXPECT_NE(page.find(tip), std::string::npos) << tip;
    }
  }
}

TEST_F(CliCompare, PicturesHaveTheNumbersOfExplain) {
  const std::vector<std::string> models{"digits-cnn", "digits-vit", "digits-vim"};
  // A picture of 112 x 112, which all of them make 28 x 28.
  const std::string image = " --image " + zoo_ + "digits-cnn/example-2.png --target 3";
  std::string list;
  for (const std::string& model : models) list += zoo_ + model + " ";
  ASSERT_EQ(lrpp(compare(list + image + " --output " + path("c.json") + " --output " + path("c.html"))).code,
            0);
  const Json json = read_json(path("c.json"));
  const std::string page = slurp(path("c.html"));
  EXPECT_EQ(json["grid"], Json::parse("[28, 28]"));
  EXPECT_EQ(json["common_part"], Json::parse("[0.0, 0.0, 112.0, 112.0]"));
  for (size_t i = 0; i < models.size(); ++i) {
    SCOPED_TRACE(models[i]);
    ASSERT_EQ(lrpp("explain " + zoo_ + models[i] + image + " --output " + path("e.json")).code, 0);
    const Json side = json["sides"][i], alone = read_json(path("e.json"));
    EXPECT_EQ(side["score"], alone["score"]);
    EXPECT_EQ(side["sum_relevance"], alone["sum_relevance"]);
    EXPECT_EQ(side["outside"], 0.0);
    Json flat = Json::array();
    for (const Json& row : alone["relevance"])
      for (const Json& value : row) flat.push_back(value);
    EXPECT_EQ(side["relevance"], flat) << "one grid for all: the pixels' own values";
    EXPECT_NE(page.find(fmt::format("<bdi>{}</bdi></h3>", models[i])), std::string::npos);
  }
}

TEST_F(CliCompare, CropsAreLaidOverWhatAllSaw) {
  const std::string cropped = path("cropped");
  fs::copy(zoo_ + "digits-cnn", cropped);
  // 112 x 112 is cut to the middle 28 x 28 pixels in place of being made smaller.
  write("cropped/preprocessor_config.json",
        R"({"do_resize": false, "do_center_crop": true, "crop_size": 28, "do_rescale": true,
            "rescale_factor": 0.00392156862745098, "do_normalize": true, "image_mean": [0.1307],
            "image_std": [0.3081]})");
  const Result r = lrpp(compare(zoo_ + "digits-cnn " + cropped + " --image " + zoo_ +
                                "digits-cnn/example-2.png" + " --target 3 --output " + path("c.json")));
  ASSERT_EQ(r.code, 0) << r.err;
  const Json json = read_json(path("c.json"));
  EXPECT_EQ(json["common_part"], Json::parse("[42.0, 42.0, 70.0, 70.0]"));
  EXPECT_EQ(json["grid"], Json::parse("[7, 7]")) << "28 of 112 pixels, which the whole has in quarters";
  for (const Json& side : json["sides"]) {
    double sum = side["outside"];
    for (const Json& value : side["relevance"]) sum += value.get<double>();
    EXPECT_NEAR(sum, side["sum_relevance"].get<double>(), 1e-12);
  }
  EXPECT_EQ(json["sides"][1]["outside"], 0.0);
  EXPECT_NE(json["sides"][0]["outside"], 0.0);
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

TEST_F(CliCompare, AListOfMethodsIsMethodsOneByOne) {
  write("own.json", R"({"extends": "mamba-lrp", "rules": [{"match": {"op": "silu"}, "rule": "gradient"}]})");
  const std::string own = path("own.json");
  const Result list = lrpp(compare(model_ + " --methods 'lrp-0, smooth-grad(samples=5,noise=0.1)," + own +
                                   "'" + text_ + " --output " + path("list.json")));
  ASSERT_EQ(list.code, 0) << list.err;
  const Json sides = read_json(path("list.json"))["sides"];
  ASSERT_EQ(sides.size(), 3u);
  EXPECT_EQ(sides[1]["name"], "smooth-grad(samples=5,noise=0.1)");
  ASSERT_EQ(lrpp(compare(model_ + " --method lrp-0 --methods '" + own + "'" + text_ + " --output " +
                         path("both.json")))
                .code,
            0);
  ASSERT_EQ(lrpp("explain " + model_ + " --rules '" + own + "'" + text_ + " --output " + path("e.json")).code,
            0);
  EXPECT_EQ(read_json(path("both.json"))["sides"][1]["relevance"], sides[2]["relevance"]);
  EXPECT_EQ(sides[2]["sum_relevance"], read_json(path("e.json"))["sum_relevance"])
      << "a rules file, as --rules reads it";
}

TEST_F(CliCompare, FoldersOfOneNameAreToldApart) {
  fs::create_directory(path("other"));
  fs::copy(zoo_ + "sst2-mamba", path("other/sst2-mamba"));
  ASSERT_EQ(
      lrpp(compare(model_ + " " + path("other/sst2-mamba") + text_ + " --output " + path("c.json"))).code, 0);
  const Json json = read_json(path("c.json"));
  EXPECT_EQ(json["sides"][0]["name"], model_);
  EXPECT_EQ(json["sides"][1]["name"], path("other/sst2-mamba"));
  EXPECT_EQ(json["rank_correlation"][0][1], 1.0) << "a copy says the same";
}

TEST_F(CliCompare, BadInputIsRefused) {
  const std::string mamba = zoo_ + "sst2-mamba ";
  expect_refused(compare(mamba + text_), {"several models", "1 model(s) and 0 method(s)"});
  expect_refused(compare(mamba + "--method mamba-lrp" + text_), {"1 method(s)"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --method mamba-lrp --method random" + text_), {"several"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --method lrp-0" + text_), {"'lrp-0'", "--rules"});
  expect_refused(compare(mamba + "--rules lrp-0 --methods random,occlusion" + text_),
                 {"'lrp-0'", "among them"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --target maybe" + text_), {"'maybe'", "sst2-mamba'"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert --target all" + text_), {"[target]"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert"), {"[input]"});
  const Result png = lrpp(compare(mamba + zoo_ + "sst2-bert" + text_ + " --output " + path("c.png")));
  EXPECT_EQ(png.code, 2);
  EXPECT_NE(png.err.find(".html, .json"), std::string::npos) << png.err;
  const Result nowhere =
      lrpp(compare(mamba + zoo_ + "sst2-bert" + text_ + " --output " + path("none/c.html")));
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_NE(nowhere.err.find("does not exist"), std::string::npos) << nowhere.err;
}

TEST_F(CliCompare, RefusalsNameTheModel) {
  const std::string mamba = zoo_ + "sst2-mamba ";
  const std::string image = " --image " + zoo_ + "digits-cnn/example-1.png";
  expect_refused(compare(mamba + zoo_ + "needle-mamba" + text_), {"labels", "sst2-mamba'", "needle-mamba'"});
  expect_refused(compare(mamba + zoo_ + "digits-cnn" + text_),
                 {"sst2-mamba'", "digits-cnn'", "image classifier"});
  expect_refused(compare(zoo_ + "digits-cnn " + mamba + image), {"sst2-mamba'", "digits-cnn'", "one task"});
  expect_refused(compare(mamba + zoo_ + "sst2-bert" + image),
                 {"reads text", "(while comparing", "sst2-mamba'"});
  expect_refused(compare(mamba + zoo_ + "sst2-nothing" + text_), {"sst2-nothing'", "no folder"});
  fs::create_directory(path("empty"));
  expect_refused(compare(mamba + path("empty") + text_), {"(while comparing '" + path("empty") + "')"});
  expect_refused(compare(mamba + "--methods lrp-0,attention-rollout" + text_),
                 {"cannot explain this model", "(while comparing 'attention-rollout')"});
}

TEST_F(CliCompare, LanguageModelsNeedOneVocabulary) {
  const auto model_with = [&](const std::string& name, const std::string& tokenizer) {
    fs::copy(fixture("mamba-official/lm-tied"), path(name));
    fs::copy_file(zoo_ + tokenizer + "/tokenizer.json", path(name + "/tokenizer.json"));
    return path(name) + " ";
  };
  const std::string letters = model_with("letters", "needle-mamba"),
                    same = model_with("same", "needle-mamba"), dna = model_with("dna", "tata-caduceus");
  expect_refused(compare(letters + dna + "--text abca"),
                 {"different vocabularies", "letters'", "dna'", "28 tokens"});
  EXPECT_EQ(lrpp(compare(letters + same + "--text abca")).code, 0);
}

TEST_F(CliCompare, HiddenCharactersOfNamesStayOutOfMessages) {
  const Result r = lrpp(compare(model_ + " \"$(printf 'no\\033[2Jthing')\"" + text_));
  EXPECT_EQ(r.code, 2);
  EXPECT_EQ(r.err.find('\x1b'), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("thing"), std::string::npos) << r.err;
}

TEST_F(CliCompare, TheSameSideTwiceIsRefused) {
  const std::string mamba = zoo_ + "sst2-mamba ";
  expect_refused(compare(mamba + mamba + text_), {"more than once"});
  expect_refused(compare(mamba + zoo_ + "../zoo/sst2-mamba/" + text_),
                 {"more than once", "../zoo/sst2-mamba/"});
  expect_refused(compare(mamba + "--methods lrp-0,lrp-0" + text_), {"more than once"});
  expect_refused(compare(mamba + "--methods 'smooth-grad(samples=50),smooth-grad( samples = 50 )'" + text_),
                 {"are the same"});
}

TEST_F(CliCompare, BadListsOfMethodsAreRefused) {
  const std::string mamba = zoo_ + "sst2-mamba ";
  expect_refused(compare(mamba + "--methods lrp-0,guesswork" + text_), {"guesswork"});
  expect_refused(compare(mamba + "--methods lrp-0,,random" + text_), {"[methods]", "none is empty"});
  expect_refused(compare(mamba + "--methods 'lrp-0,random(seed=1'" + text_), {"[methods]", "not closed"});
  expect_refused(compare(mamba + "--methods 'lrp-0,random(seed)'" + text_), {"name=value"});
  expect_refused(compare(mamba + "--methods lrp-0,gradient" + text_), {"'gradient'", "gradient-x-input"});
  expect_refused(compare(mamba + "--methods lrp-0,missing.json" + text_), {"missing.json"});
  expect_refused(compare(mamba + "--methods ''" + text_), {"must not be empty"});
  expect_refused(compare(mamba + "--methods lrp-0" + text_), {"1 method(s)"});
}

}  // namespace
}  // namespace lrpp
