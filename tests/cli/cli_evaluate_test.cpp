#include <lrpp/tests/cli/cli_test_support.h>

#include <algorithm>

namespace lrpp {
namespace {

class CliEvaluate : public Cli {
 protected:
  CliEvaluate() {
    write("data.tsv", "a good film\t1\nso bad that it hurts\t0\nslow at first , then superb\t1\n");
  }
  std::string evaluate(const std::string& rest) const {
    return "evaluate " + model_ + " --data " + path("data.tsv") + " " + rest;
  }
};

TEST_F(CliEvaluate, WritesEveryFormat) {
  const Result r =
      lrpp(evaluate("--method mamba-lrp --method gradient-x-input --metric flipping --metric sparseness "
                    "--steps 4 --output " +
                    path("r.json") + " --output " + path("r.md") + " --output " + path("r.html") +
                    " --output " + path("r.png")));
  ASSERT_EQ(r.code, 0) << r.err;
  const Json json = read_json(path("r.json"));
  EXPECT_EQ(json["count"], 3);
  EXPECT_EQ(json["methods"][1]["method"], "gradient-x-input");
  EXPECT_EQ(json["methods"][0]["curves"].size(), 1u);
  EXPECT_EQ(json["examples"][2]["name"], "line 3");
  EXPECT_GT(json["methods"][0]["explanations_per_second"].get<double>(), 0);
  EXPECT_EQ(slurp(path("r.md")), r.out);
  EXPECT_NE(slurp(path("r.html")).find("<svg"), std::string::npos);
  EXPECT_TRUE(slurp(path("r.png")).starts_with("\x89PNG"));
  EXPECT_TRUE(fs::exists(path("r.state.jsonl")));
}

TEST_F(CliEvaluate, GoesOnAndRefusesAnotherMeasurement) {
  const std::string output = "--output " + path("r.json");
  ASSERT_EQ(lrpp(evaluate("--metric sparseness " + output)).code, 0);
  const std::string state = slurp(path("r.state.jsonl")), first = slurp(path("r.json"));
  ASSERT_EQ(lrpp(evaluate("--metric sparseness " + output)).code, 0);
  EXPECT_EQ(slurp(path("r.state.jsonl")), state);
  EXPECT_EQ(slurp(path("r.json")), first) << "the times are those that were measured";
  const Result other = lrpp(evaluate("--metric complexity " + output));
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("'metrics'"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("--restart"), std::string::npos);
  EXPECT_EQ(slurp(path("r.json")), first);
  write("data.tsv", "a good film\t0\n");
  EXPECT_NE(lrpp(evaluate("--metric sparseness " + output)).err.find("'data'"), std::string::npos);
  EXPECT_EQ(lrpp(evaluate("--metric complexity --restart " + output)).code, 0);
}

TEST_F(CliEvaluate, BadInputIsRefused) {
  expect_refused(evaluate("--metric road"), {"'road' does not fit"});
  expect_refused(evaluate("--metric fliping"), {"'fliping'", "flipping"});
  expect_refused(evaluate("--method mambalrp"), {"'mambalrp'", "mamba-lrp"});
  expect_refused(evaluate("--columns label,text"), {"3 of 3", "line 1", "unknown label 'a good film'"});
  expect_refused(evaluate("--header --columns text,label,truth"), {"line 2", "3 column(s)", "got 2"});
  expect_refused(evaluate("--metric sparseness --steps 3"), {"[steps]"});
  expect_refused(evaluate("--target maybe"), {"'maybe'"});
  expect_refused(evaluate("--tf32"), {"[tf32]", "--device cuda"});
  expect_refused(evaluate("--fp16x3 --dtype float64"), {"[fp16x3]", "float32", "float64"});
  expect_refused(evaluate("--patch 4"), {"[patch]"});
  write("data.tsv", "a good film\t1\n\nso bad\t9\n");
  expect_refused(evaluate(""), {"2 of 3", "line 2", "is empty", "line 3", "'9'", "--skip-bad"});
  const Result none = lrpp(evaluate("--metric sparseness"));
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("--output"), std::string::npos);
  const Result png = lrpp(evaluate("--metric sparseness --skip-bad --output " + path("r.png")));
  EXPECT_EQ(png.code, 2);
  EXPECT_NE(png.err.find("curves"), std::string::npos) << png.err;
  const Result skipped = lrpp(evaluate("--metric sparseness --skip-bad --output " + path("s.json")));
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  EXPECT_NE(skipped.err.find("left out line 3"), std::string::npos) << skipped.err;
  EXPECT_EQ(read_json(path("s.json"))["skipped_count"], 2);
}

TEST_F(CliEvaluate, PicturesInFolders) {
  for (const char* name : {"example-1.png", "example-2.png"}) {
    const std::string label = name == std::string("example-1.png") ? "7" : "3";
    fs::create_directories(path("digits/" + label));
    fs::copy_file(zoo_ + "digits-cnn/" + name, path("digits/" + label + "/" + name));
  }
  const std::string command =
      "evaluate " + zoo_ + "digits-cnn --data " + path("digits") +
      " --metric flipping --metric insertion --metric 'road(shares=[0.3,0.6])' --target label --output " +
      path("r.json");
  const Result r = lrpp(command);
  ASSERT_EQ(r.code, 0) << r.err;
  const Json json = read_json(path("r.json"));
  EXPECT_EQ(json["accuracy"], 1.0);
  EXPECT_EQ(json["methods"][0]["scores"].size(), 3u);
  write("digits/3/broken.png", "no picture");
  const Result broken = lrpp(command);
  EXPECT_EQ(broken.code, 2);
  EXPECT_NE(broken.err.find("3/broken.png"), std::string::npos) << broken.err;
}

TEST_F(CliEvaluate, MetricsAreListed) {
  const Result r = lrpp("metrics --json");
  ASSERT_EQ(r.code, 0) << r.err;
  std::vector<std::string> names;
  for (const Json& item : Json::parse(r.out)) names.push_back(item["name"]);
  for (const char* name :
       {"flipping", "insertion", "srg", "road", "mprt", "max-sensitivity", "pointing-game", "conservation"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace lrpp
