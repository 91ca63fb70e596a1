// `lrpp` on the families that read text, and `lrpp composites`: which rule each node of a model gets.
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

using CliFamilies = Cli;

/// BERT answers for the whole text, GPT-2 and Mamba at a token.
TEST_F(CliFamilies, EveryFormatForEveryFamily) {
  for (const std::string family : {"bert", "gpt2", "mamba"}) {
    SCOPED_TRACE(family);
    const Result r =
        lrpp("explain " + zoo_ + "sst2-" + family + " --text 'a warm film' --output " + path("a.json") +
             " --output " + path("a.html") + " --output " + path("a.safetensors"));
    ASSERT_EQ(r.code, 0) << r.err;
    EXPECT_NE(r.out.find("words with the most relevance"), std::string::npos) << r.out;
    const bool whole = family == "bert";
    EXPECT_EQ(r.out.find("read at") == std::string::npos, whole);
    const Json json = read_json(path("a.json"));
    EXPECT_EQ(json["target_label"], "positive");
    EXPECT_EQ(json.contains("position"), !whole);
    EXPECT_EQ(json.contains("position_asked"), !whole);
    const auto tokens = static_cast<int64_t>(json["tokens"].size());
    EXPECT_EQ(tokens, whole ? 5 : 4) << "three words and [SEP], which BERT's begin with too";
    EXPECT_EQ(SafetensorsFile(path("a.safetensors")).get("relevance_token").sizes(),
              (std::vector<int64_t>{1, tokens}));
    EXPECT_NE(slurp(path("a.html")).find("warm"), std::string::npos);
  }
  expect_refused("explain " + zoo_ + "sst2-bert --text x --position first", {"whole input"});
}

TEST_F(CliFamilies, InputFilesWithMaskAndTokenTypes) {
  const std::string model = zoo_ + "sst2-bert",
                    explain = "explain " + model + " --input " + path("x.safetensors");
  const Tensor ids = at::tensor({2, 114, 41, 981, 2}, at::kLong).reshape({1, 5});
  const Tensor types = at::tensor({0, 0, 0, 1, 1}, at::kLong).reshape({1, 5});
  const auto logits = [&](const NamedTensors& tensors) {
    save_safetensors(path("x.safetensors"), tensors);
    const Result r = lrpp(explain + " --output " + path("a.safetensors") + " --output " + path("a.json") +
                          " --output " + path("a.html"));
    EXPECT_EQ(r.code, 0) << r.err;
    return SafetensorsFile(path("a.safetensors")).get("logits").clone();
  };
  const Tensor plain = logits({{"input_ids", ids}});
  EXPECT_FALSE(logits({{"input_ids", ids}, {"token_type_ids", types}}).allclose(plain));
  EXPECT_TRUE(logits({{"input_ids", ids}, {"token_type_ids", at::zeros_like(types)}}).equal(plain));
  // Padding changes nothing but the order of float32 sums, up to 1e-6 of numbers near 1.
  const Tensor longer = at::constant_pad_nd(ids, {0, 2}, 7),
               mask = at::constant_pad_nd(at::ones_like(ids), {0, 2});
  EXPECT_TRUE(logits({{"input_ids", longer}, {"attention_mask", mask}}).allclose(plain, 1e-5, 1e-5));
  save_safetensors(path("x.safetensors"), {{"input_ids", ids}, {"token_type_ids", types + 1}});
  expect_refused(explain, {"token_type_ids", "[0, 2)"});
  save_safetensors(path("x.safetensors"), {{"input_ids", ids}, {"pixel_values", at::zeros({1, 1, 2, 2})}});
  expect_refused(explain, {"no tensor 'pixel_values'", "input_ids"});
  save_safetensors(path("x.safetensors"), {{"input_ids", ids}, {"token_type_ids", types}});
  expect_refused("explain " + zoo_ + "sst2-gpt2 --input " + path("x.safetensors"),
                 {"takes no token_type_ids"});
}

TEST_F(CliFamilies, CompositesShowTheRuleOfEveryNode) {
  const std::string model = zoo_ + "digits-cnn";
  const Result r = lrpp("composites epsilon-plus-flat " + model);
  ASSERT_EQ(r.code, 0) << r.err;
  for (const char* part : {"canonizer remove-dropout changed 2 node(s): classifier.2, classifier.5",
                           "canonizer merge-batch-norm changed 12 node(s): features.0, features.1",
                           "features.0    conv2d               flat(stabilizer=1e-06)\n",
                           "classifier.6  linear", "    5  z-plus(stabilizer=1e-06): conv2d\n"})
    EXPECT_NE(r.out.find(part), std::string::npos) << part << "\n" << r.out;
  const Json json = parse_json(lrpp("composites epsilon-plus-flat " + model + " --json").out, "stdout");
  EXPECT_EQ(json["composite"]["name"], "epsilon-plus-flat");
  EXPECT_EQ(json["canonizers"][0]["canonizer"], "remove-dropout");
  EXPECT_EQ(json["nodes"][0]["node"], "pixel_values");
  EXPECT_TRUE(json["nodes"][0]["rule"].is_null());
  EXPECT_EQ(json["nodes"][1], Json({{"node", "features.0"},
                                    {"op", "conv2d"},
                                    {"rule", "flat"},
                                    {"parameters", {{"stabilizer", 1e-6}}},
                                    {"reached", true}}));
  size_t nodes = 0;
  for (const Json& group : json["summary"]) nodes += group["nodes"].get<size_t>();
  EXPECT_EQ(nodes + 1, json["nodes"].size()) << "all but the source have a rule";
}

TEST_F(CliFamilies, CompositesShowNodesAndNotHowTheyAreComputed) {
  const Result r = lrpp("composites mamba-lrp " + zoo_ + "sst2-mamba --json");
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out.find("fused"), std::string::npos) << r.out;
  std::map<std::string, Json> nodes;
  const Json json = parse_json(r.out, "stdout");
  for (const Json& node : json["nodes"]) nodes[node["node"]] = node;
  const std::string mixer = "backbone.layers.0.mixer.";
  EXPECT_EQ(nodes[mixer + "selective_scan"]["rule"], "hold");
  EXPECT_EQ(nodes[mixer + "selective_scan"]["reached"], true);
  EXPECT_EQ(nodes[mixer + "x_proj"]["reached"], false) << "nothing reaches what makes the scan's parameters";
}

TEST_F(CliFamilies, CompositesWithoutAModelAndOfAFile) {
  EXPECT_NE(lrpp("composites attn-lrp").out.find("variant"), std::string::npos);
  EXPECT_EQ(parse_json(lrpp("composites attn-lrp --json").out, "stdout").size(), 1U);
  write("r.json", R"({"extends": "attn-lrp", "rules": [{"match": {"op": "gelu"}, "rule": "gradient"}]})");
  const Result list = lrpp("composites " + path("r.json"));
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_NE(list.out.find("gelu"), std::string::npos) << list.out;
  const Result r = lrpp("composites " + path("r.json") + " " + zoo_ + "sst2-bert");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("gelu          gradient"), std::string::npos) << r.out;
  for (const auto& [arguments, part] : std::map<std::string, std::string>{
           {"composites attn-lrq", "Did you mean"},
           {"composites attn-lrp " + path("nowhere"), "nowhere"},
           {"composites " + path("none.json"), "none.json"},
           {"composites epsilon-gamma-box " + zoo_ + "digits-cnn", "'low' and 'high'"}}) {
    const Result bad = lrpp(arguments);
    EXPECT_EQ(bad.code, 2) << arguments << bad.out;
    EXPECT_NE(bad.err.find(part), std::string::npos) << bad.err;
    EXPECT_EQ(bad.out, "");
  }
}

TEST_F(CliFamilies, CanonizersAreListed) {
  EXPECT_NE(lrpp("canonizers").out.find("merge-batch-norm"), std::string::npos);
  EXPECT_EQ(parse_json(lrpp("canonizers --json").out, "stdout").size(), 2U);
}

}  // namespace
}  // namespace lrpp
