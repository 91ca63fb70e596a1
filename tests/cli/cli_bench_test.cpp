// `lrpp bench`: what its files hold, on which inputs it runs, what it refuses. Nothing is said about how long
// anything takes.
#include <lrpp/tests/cli/cli_test_support.h>

#include <set>

namespace lrpp {
namespace {

class CliBench : public Cli {
 protected:
  Json measured(const std::string& arguments) {
    const Result r = lrpp("bench " + arguments + " --repeat 2 --output " + path("b.json"));
    EXPECT_EQ(r.code, 0) << r.err;
    return read_json(path("b.json"));
  }
};

TEST_F(CliBench, JsonAndMarkdownHoldEverything) {
  const Result r =
      lrpp("bench " + model_ + " --tokens 8,16 --tokens 24 --batch 2 --repeat 3 --warmup 0 --seed 4" +
           " --profile --recompute always --output " + path("b.json") + " --output " + path("b.md"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(slurp(path("b.md")), r.out);
  EXPECT_NE(r.out.find("| 24 tokens x 2 |"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("16 tokens x 2, op by op"), std::string::npos) << r.out;
  const Json json = read_json(path("b.json"));
  EXPECT_EQ(json["model"], "sst2-mamba");
  EXPECT_EQ(json["composite"]["name"], "mamba-lrp");
  EXPECT_EQ(json["dtype"], "float32");
  EXPECT_EQ(json["recompute"], "always");
  EXPECT_EQ(json["seed"], 4);
  EXPECT_EQ(json["repeat"], 3);
  EXPECT_EQ(json["warmup"], 0);
  for (const char* key : {"cpu", "instructions", "threads", "gpu", "lrpp", "torch"})
    EXPECT_TRUE(json["machine"].contains(key)) << key;
  EXPECT_GT(json["peaks"]["gflop_per_s"].get<double>(), 0);
  EXPECT_GT(json["peaks"]["gbyte_per_s"].get<double>(), 0);
  ASSERT_EQ(json["runs"].size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    const Json& run = json["runs"][i];
    EXPECT_EQ(run["tokens"], 8 * (i + 1));
    EXPECT_EQ(run["batch"], 2);
    EXPECT_EQ(run["explanations"], 2);
    for (const char* what : {"forward", "explanation"}) {
      const Json& time = run[what]["time"];
      EXPECT_EQ(time["runs_ms"].size(), 3U);
      EXPECT_LE(time["min_ms"].get<double>(), time["median_ms"].get<double>());
      EXPECT_LE(time["median_ms"].get<double>(), time["max_ms"].get<double>());
      EXPECT_TRUE(run[what].contains("peak_mib"));
    }
    EXPECT_DOUBLE_EQ(run["ratio"].get<double>(), run["explanation"]["time"]["median_ms"].get<double>() /
                                                     run["forward"]["time"]["median_ms"].get<double>());
    EXPECT_GT(run["per_second"].get<double>(), 0);
    EXPECT_GT(run["products_ms"].get<double>(), 0);
    // The walk goes through fewer projections than the forward pass, but computes some again.
    EXPECT_GT(run["explanation"]["gflop"].get<double>(), run["forward"]["gflop"].get<double>());
    double sum = 0, gflop = 0;
    std::set<std::string> passes;
    for (const Json& row : run["ops"]) {
      passes.insert(row["pass"].get<std::string>());
      if (row["op"] == "all") {
        EXPECT_NEAR(row["gflop"].get<double>(), gflop, 1e-9);
        EXPECT_NEAR(row["share"].get<double>(), sum, 1e-9);
      }
      sum += row["share"].get<double>();
      gflop += row["gflop"].get<double>();
    }
    EXPECT_EQ(passes, (std::set<std::string>{"", "again", "forward", "walk"}));
  }
}

TEST_F(CliBench, GivenInputsAndTargets) {
  Json run =
      measured(model_ + " --text 'A warm, funny and moving film.' --target all --position all")["runs"][0];
  EXPECT_EQ(run["tokens"], 9);
  EXPECT_EQ(run["explanations"], 18);
  EXPECT_TRUE(run["ops"].empty()) << "without --profile";
  run = measured(zoo_ + "digits-cnn --image " + zoo_ + "digits-cnn/example-1.png")["runs"][0];
  EXPECT_EQ(run["image"], Json({1, 28, 28}));
  EXPECT_EQ(run["tokens"], 0);
}

TEST_F(CliBench, RandomImagesHaveTheSizeOfTheModel) {
  const Json json = measured(zoo_ + "digits-vit --batch 3 --dtype float64");
  EXPECT_EQ(json["runs"][0]["image"], Json({1, 28, 28}));
  EXPECT_EQ(json["runs"][0]["batch"], 3);
  EXPECT_EQ(json["seed"], 0);
}

TEST_F(CliBench, BadInputIsRefused) {
  const std::string bench = "bench " + model_;
  expect_refused(bench + " --repeat 0", {"[repeat]", "at least 1"});
  expect_refused(bench + " --warmup -1", {"[warmup]", "at least 0"});
  expect_refused(bench + " --tokens 8,0", {"[tokens]", "at least 1"});
  expect_refused(bench + " --tokens 8,x", {"tokens"});
  expect_refused(bench + " --batch 0", {"[batch]", "at least 1"});
  expect_refused(bench + " --seed -1", {"[seed]", "at least 0"});
  expect_refused(bench + " --text 'A film.' --tokens 8", {"random inputs", "leave one"});
  expect_refused(bench + " --text 'A film.' --batch 2", {"random inputs"});
  expect_refused(bench + " --text 'A film.' --input x.safetensors", {"exactly one"});
  expect_refused(bench + " --tf32", {"[tf32]"});
  expect_refused(bench + " --fp16x3", {"[fp16x3]"});
  expect_refused(bench + " --memory 5", {"8GiB"});
  expect_refused(bench + " --target input", {"target"});
  expect_refused(bench + " --output " + path("b.html"), {".json, .md"});
  expect_refused("bench " + zoo_ + "digits-cnn --tokens 8", {"sees", "--tokens"});
  expect_refused("bench " + zoo_ + "sst2-bert --tokens 8,100000", {"positions", "100000"});
}

}  // namespace
}  // namespace lrpp
