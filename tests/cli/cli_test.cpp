// The program as its callers see it: options, outputs, exit codes, and that bad input leaves nothing behind.
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

TEST_F(Cli, ExplainWritesEveryFormat) {
  const Result r =
      lrpp("explain " + model_ + " --text 'A warm, funny and moving film.' --output " + path("a.json") +
           " --output " + path("a.safetensors") + " --output " + path("a.html"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out.find('\033'), std::string::npos) << "no colour where standard output is no terminal";
  EXPECT_NE(r.out.find("positive"), std::string::npos);
  const Json json = read_json(path("a.json"));
  for (const char* key : {"tokens", "ids", "offsets", "relevance", "logits", "target", "rules",
                          "sum_relevance", "score", "versions"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["tokens"].size(), json["relevance"].size());
  EXPECT_EQ(json["target_label"], "positive");
  const SafetensorsFile file(path("a.safetensors"));
  const auto tokens = static_cast<int64_t>(json["tokens"].size());
  EXPECT_EQ(file.get("relevance_token").sizes(), (std::vector<int64_t>{1, tokens}));
  EXPECT_EQ(file.get("relevance").size(1), tokens);
  EXPECT_EQ(file.get("logits").sizes(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(file.get("target").item<int64_t>(), 1);
  EXPECT_NE(slurp(path("a.html")).find("<!DOCTYPE html>"), std::string::npos);
}

TEST_F(Cli, ExplainReproducesTheOfficialCodeFromItsInputFile) {
  write(
      "rules.json",
      R"({"extends": "mamba-lrp", "rules": [{"match": {"op": "silu"}, "rule": {"identity": {"stabilizer": 1e-6}}}]})");
  const Result r = lrpp("explain " + fixture_ + " --input " + fixture_ +
                        "/case.safetensors --target input --dtype float64 --rules " + path("rules.json") +
                        " --output " + path("r.safetensors"));
  ASSERT_EQ(r.code, 0) << r.err;
  const SafetensorsFile got(path("r.safetensors")), expected(fixture_ + "/case.safetensors");
  for (const char* name : {"relevance", "relevance_token", "logits"}) {
    EXPECT_LT(relative_difference(got.get(name), expected.get(name)), 1e-9) << name;
  }
  EXPECT_TRUE(got.get("target").equal(expected.get("target")));
}

TEST_F(Cli, AuditBalancesAndNamesWhatDoesNot) {
  const Result good = lrpp("audit " + model_ + " --text 'dull and lifeless' --output " + path("ledger.json") +
                           " --output " + path("ledger.html"));
  EXPECT_NE(slurp(path("ledger.html")).find("No: every bit of relevance is accounted for."),
            std::string::npos);
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("The ledger balances"), std::string::npos);
  EXPECT_TRUE(read_json(path("ledger.json"))["balances"].get<bool>());
}

TEST_F(Cli, AuditFindsAPlantedBugInAPlugin) {
  write(
      "rules.json",
      R"({"extends": "mamba-lrp", "rules": [{"match": {"name": "layers.1.mixer.gate_act"}, "rule": "leaky"}]})");
  const Result r =
      lrpp("audit " + model_ + " --text 'a fine film' --plugin '" LRPP_LEAKY_PLUGIN "' --rules " +
           path("rules.json"));
  EXPECT_EQ(r.code, 1) << r.out << r.err;
  EXPECT_NE(r.out.find("does NOT balance: 1 node(s)"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("backbone.layers.1.mixer.gate_act (op silu, rule leaky)"), std::string::npos) << r.out;
  EXPECT_NE(lrpp("rules --plugin '" LRPP_LEAKY_PLUGIN "'").out.find("leaky"), std::string::npos);
}

TEST_F(Cli, TokenizePrintsJson) {
  const Result r = lrpp("tokenize " + model_ + " --text 'warm film'");
  ASSERT_EQ(r.code, 0) << r.err;
  const Json json = parse_json(r.out, "stdout");
  EXPECT_EQ(json["ids"].size(), json["tokens"].size());
  EXPECT_EQ(json["ids"].size(), json["offsets"].size());
}

TEST_F(Cli, ATextThatTheTokenizerTruncatesIsAnnounced) {
  fs::copy(model_, folder_ / "model");
  Json tokenizer = read_json(folder_ / "model" / "tokenizer.json");
  tokenizer["truncation"] = {
      {"direction", "Right"}, {"max_length", 4}, {"strategy", "LongestFirst"}, {"stride", 0}};
  std::ofstream(folder_ / "model" / "tokenizer.json") << tokenizer.dump();
  const Result r = lrpp("explain " + path("model") + " --text 'a warm and funny film'");
  EXPECT_EQ(r.code, 0);
  EXPECT_NE(r.err.find("2 token(s) of the text were cut off"), std::string::npos) << r.err;
}

TEST_F(Cli, ListingsNameWhatIsRegistered) {
  for (const auto& [command, name] : std::map<std::string, std::string>{{"models", "mamba"},
                                                                        {"rules", "epsilon"},
                                                                        {"composites", "mamba-lrp"},
                                                                        {"ops", "selective_scan"}}) {
    const Result text = lrpp(command), json = lrpp(command + " --json");
    EXPECT_EQ(text.code, 0);
    EXPECT_NE(text.out.find(name), std::string::npos) << command;
    EXPECT_TRUE(parse_json(json.out, command).is_array());
  }
}

TEST_F(Cli, HelpAndVersion) {
  EXPECT_EQ(lrpp("--help").code, 0);
  EXPECT_EQ(lrpp("explain --help").code, 0);
  EXPECT_NE(lrpp("--version").out.find("lrpp "), std::string::npos);
}

TEST_F(Cli, WrongUsageExitsWithTwo) {
  for (const char* arguments :
       {"", "explian", "explain", "explain --text x", "tokenize", "explain a b --text x", "rules --bad",
        "explain . --text x --rules ''", "explain . --text-file ''"}) {
    EXPECT_EQ(lrpp(arguments).code, 2) << arguments;
  }
}

TEST_F(Cli, AReportThatCannotBeWrittenIsNoSuccess) {
  const auto code = [](const std::string& arguments, const std::string& streams) {
    const int status = std::system(("'" LRPP_PROGRAM "' " + arguments + streams).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  const std::string text = " " + model_ + " --text 'a fine film'", err = path("err");
  for (const std::string& arguments :
       {"explain" + text, "audit" + text, "tokenize" + text, std::string("rules"), std::string("--help")}) {
    EXPECT_EQ(code(arguments, " >/dev/full 2>" + err), 2) << arguments;
    EXPECT_NE(slurp(err).find("[output] standard output"), std::string::npos) << slurp(err);
  }
  EXPECT_EQ(code("rules", " >&- 2>" + err), 2);
  // Standard error only tells: where it is full, the exit code still does.
  EXPECT_EQ(code("explain nowhere --text x", " >/dev/null 2>/dev/full"), 2);
  EXPECT_EQ(code("explain" + text + " --output " + path("a.json"), " >/dev/null 2>/dev/full"), 0);
  EXPECT_TRUE(fs::exists(path("a.json")));
}

TEST_F(Cli, ReadsItsOwnOutputAgain) {
  const std::string explain = "explain " + fixture_ + " --input ";
  ASSERT_EQ(
      lrpp(explain + fixture_ + "/case.safetensors --target 1-0 --output " + path("a.safetensors")).code, 0);
  // An output holds no input_ids; joined with them, it is an input.
  const SafetensorsFile input(fixture_ + "/case.safetensors"), output(path("a.safetensors"));
  NamedTensors both{{"input_ids", input.get("input_ids").clone()}};
  for (const auto& [name, info] : output.tensors()) both.emplace_back(name, output.get(name).clone());
  save_safetensors(path("b.safetensors"), both);
  const Result r = lrpp(explain + path("b.safetensors") + " --target input");
  EXPECT_EQ(r.code, 0) << r.err;
}

TEST_F(Cli, BadInputIsRefusedByNameAndLeavesNothing) {
  const std::string explain = "explain " + model_, text = explain + " --text 'a fine film'";
  expect_refused(explain, {"exactly one of --text", "got 0"});
  expect_refused(text + " --text-file x", {"exactly one of", "got 2"});
  expect_refused(explain + " --text ''", {"must not be empty"});
  expect_refused(explain + " --text '   '", {"no token"});
  expect_refused(explain + " --text-file " + path("none.txt"), {"none.txt"});
  expect_refused(explain + " --image x.png", {"reads text"});
  expect_refused("explain " + path("nowhere") + " --text x", {"nowhere", "directory"});
  expect_refused(text + " --rules mambalrp", {"unknown composite 'mambalrp'", "mamba-lrp"});
  expect_refused(text + " --rules " + path("none.json"), {"none.json"});
  expect_refused(text + " --target 7", {"[0, 2)", "7"});
  expect_refused(text + " --target postive", {"'postive'", "positive"});
  expect_refused(text + " --target input", {"have none"});
  expect_refused(text + " --position 99", {"position", "99"});
  expect_refused(text + " --position end", {"'end'"});
  expect_refused(text + " --start two", {"'logit' or 'one'"});
  expect_refused(text + " --dtype float16", {"unknown dtype 'float16'"});
  expect_refused(text + " --device tpu", {"unknown device 'tpu'", "cuda"});
  expect_refused(text + " --plugin " + path("none.so"), {"none.so"});
  expect_refused(text + " --output " + path("x.txt"), {"must end in one of", ".json"});
  expect_refused(text + " --output " + path("./refused.json"), {"given more than once"});
  expect_refused(text + " --output " + path("no/such/folder/x.json"), {"folder", "does not exist"});
  expect_refused("explain " + fixture_ + " --text x", {"no tokenizer.json", "--input"});
  expect_refused(explain + " --input " + path("none.safetensors"), {"none.safetensors"});
}

TEST_F(Cli, WhatIsComputedAgainChangesNoNumber) {
  const auto relevance = [&](const std::string& options) {
    const Result r =
        lrpp("explain " + model_ + " --text 'a fine film' " + options + " --output " + path("r.json"));
    EXPECT_EQ(r.code, 0) << r.err;
    return parse_json(slurp(path("r.json")), "r.json")["relevance"];
  };
  const Json kept = relevance("--recompute never");
  EXPECT_EQ(relevance("--recompute always"), kept);
  EXPECT_EQ(relevance("--memory 1MiB"), kept);
  EXPECT_EQ(relevance(""), kept);
}

TEST_F(Cli, LayersAndLedgerAreReadWhereTheyAreAskedForAndForPages) {
  const std::string text = " --text 'The camera work is superb.'";
  const auto read = [&](const std::string& options) {
    const Result r = lrpp("explain '" + model_ + "'" + text + " --dtype float64" + options + " --output '" +
                          path("a.json") + "'");
    EXPECT_EQ(r.code, 0) << r.err;
    return read_json(path("a.json"));
  };
  const Json plain = read("");
  EXPECT_FALSE(plain.contains("layers") || plain.contains("ledger"));
  const Json asked = read(" --layers --ledger");
  const std::vector<double> relevance = asked["relevance"], first = asked["layers"][0]["relevance"];
  ASSERT_EQ(asked["layers"].size(), 2u);
  EXPECT_EQ(asked["layers"][1]["name"], "backbone.layers.1");
  EXPECT_EQ(first, relevance) << "what enters the first layer is what the embeddings give";
  const Json& ledger = asked["ledger"];
  double absorbed = 0;
  for (const char* part : {"bias", "stabilizer", "held", "by_rule"}) absorbed += ledger[part].get<double>();
  const double score = asked["score"];
  EXPECT_NEAR(ledger["seed"].get<double>(), score, 1e-12 * score) << "rounding in float64";
  EXPECT_NEAR(ledger["attributed"].get<double>() + absorbed, score, 1e-10 * score)
      << "the ledger's tolerance";
  const std::vector<double> without = plain["relevance"];
  for (size_t i = 0; i < without.size(); ++i)
    EXPECT_NEAR(relevance[i], without[i], 1e-12) << "sums in other orders";
  // A page needs both, and says what it does without.
  EXPECT_TRUE(read(" --output '" + path("a.html") + "'").contains("ledger"));
  EXPECT_NE(slurp(path("a.html")).find("Layer by layer"), std::string::npos);
  const Json less = read(" --no-layers --no-ledger --output '" + path("a.html") + "'");
  EXPECT_FALSE(less.contains("layers") || less.contains("ledger"));
  const Json little = read(" --memory 4GiB --output '" + path("a.html") + "'");
  EXPECT_TRUE(little.contains("layers") && !little.contains("ledger"));
  EXPECT_NE(slurp(path("a.html")).find("--memory or --recompute"), std::string::npos);
  EXPECT_EQ(
      lrpp("explain '" + model_ + "'" + text + " --layers --output '" + path("a.safetensors") + "'").code, 0);
  EXPECT_EQ(SafetensorsFile(path("a.safetensors")).get("layer.backbone.layers.1").dim(), 2);
  // What was written can be added to a case and fed again.
  NamedTensors fed{{"input_ids", at::tensor({2, 7, 3}, at::kLong).unsqueeze(0)}};
  fed.emplace_back("layer.backbone.layers.1",
                   SafetensorsFile(path("a.safetensors")).get("layer.backbone.layers.1"));
  save_safetensors(path("fed.safetensors"), fed, {});
  EXPECT_EQ(lrpp("explain '" + model_ + "' --input '" + path("fed.safetensors") + "'").code, 0);
  // A value is kept for every explanation: 80 tokens at each of 80 positions are more than a page keeps
  // unasked.
  std::string many;
  for (int i = 0; i < 80; ++i) many += "film ";
  ASSERT_EQ(
      lrpp("explain '" + model_ + "' --text '" + many + "' --position all --output '" + path("b.html") + "'")
          .code,
      0);
  EXPECT_NE(slurp(path("b.html")).find("tokens in all explanations. --ledger brings it."), std::string::npos);
  // Each of several explanations has its own, below its number.
  const Result both = lrpp("explain '" + model_ + "'" + text + " --target all --ledger");
  EXPECT_LT(both.out.find("where the score went"), both.out.find("Explanation 2 of 2")) << both.out;
  expect_refused("explain '" + model_ + "'" + text + " --ledger --recompute always",
                 {"ledger", "--recompute"});
  expect_refused("explain '" + model_ + "'" + text + " --layers --method occlusion", {"--rules"});
  expect_refused("explain '" + model_ + "'" + text + " --layers --no-layers", {"--layers"});
  expect_refused("explain '" + model_ + "'" + text + " --ledger --no-ledger", {"--ledger"});
}

TEST_F(Cli, OptionsOfMemoryAreRefusedWhereTheyMeanNothing) {
  const std::string text = " " + model_ + " --text 'a fine film'";
  expect_refused("explain" + text + " --recompute maybe", {"'auto', 'always' or 'never'", "'maybe'"});
  expect_refused("explain" + text + " --memory 5", {"8GiB", "'5'"});
  expect_refused("explain" + text + " --memory -1GiB", {"above 0"});
  expect_refused("explain" + text + " --memory 8GiB --recompute never", {"--recompute never", "leave one"});
  expect_refused("explain" + text + " --tf32", {"for GPUs", "--device cuda"});
  expect_refused("explain" + text + " --fp16x3", {"[fp16x3]", "for GPUs", "--device cuda"});
  expect_refused("explain" + text + " --fp16x3 --tf32", {"[fp16x3]", "--tf32", "leave one"});
  expect_refused("explain" + text + " --fp16x3 --dtype bfloat16", {"[fp16x3]", "float32", "bfloat16"});
  expect_refused("audit" + text + " --fp16x3", {"[fp16x3]", "float32", "float64"});
  expect_refused("audit" + text + " --recompute always", {"--recompute"});
}

TEST_F(Cli, BadRulesFilesAreRefusedByName) {
  const std::string text = "explain " + model_ + " --text 'a fine film' --rules " + path("rules.json");
  const auto refuse = [&](const std::string& json, const std::vector<std::string>& parts) {
    write("rules.json", json);
    expect_refused(text, parts);
  };
  refuse("{", {"rules.json"});
  refuse(R"({"extends": "mamba-lrp", "rles": []})", {"unknown key 'rles'", "rules"});
  refuse(R"({"rules": [{"match": {"op": "linear"}, "rule": "gradient"}]})",
         {"every node needs a rule", "(op '"});
  refuse(R"({"extends": "mamba-lrp", "rules": [{"match": {"op": "silu"}, "rule": "epsilon"}]})",
         {"rule 'epsilon' cannot serve", "silu"});
  refuse(R"({"extends": "mamba-lrp", "rules": [{"match": {"name": "layers.9.*"}, "rule": "gradient"}]})",
         {"layers.9.*", "matches no node"});
}

TEST_F(Cli, BadInputFilesAreRefusedByName) {
  const std::string explain = "explain " + fixture_ + " --input " + path("x.safetensors");
  const auto refuse = [&](const NamedTensors& tensors, const std::vector<std::string>& parts) {
    save_safetensors(path("x.safetensors"), tensors);
    expect_refused(explain, parts);
  };
  const Tensor ids = at::tensor({1, 2, 3}, at::kLong).reshape({1, 3});
  refuse({{"ids", ids}}, {"no tensor 'ids'", "input_ids"});
  refuse({{"input_ids", ids + 62}}, {"[0, 64)", "65"});
  refuse({{"input_ids", ids.to(at::kFloat)}}, {"int64"});
  refuse({{"input_ids", ids}, {"attention_mask", ids.fliplr()}}, {"attention_mask"});
  write("x.safetensors", "garbage");
  expect_refused(explain, {"x.safetensors"});
  fs::copy_file(fixture_ + "/case.safetensors", path("x.safetensors"), fs::copy_options::overwrite_existing);
  fs::resize_file(path("x.safetensors"), fs::file_size(path("x.safetensors")) - 9);
  expect_refused(explain, {"x.safetensors"});
}

TEST_F(Cli, AFailedRunLeavesAnOldOutputAsItWas) {
  write("old.json", "precious");
  EXPECT_EQ(lrpp("explain " + model_ + " --text 'a fine film' --target 9 --output " + path("old.json")).code,
            2);
  EXPECT_EQ(slurp(path("old.json")), "precious");
}

}  // namespace
}  // namespace lrpp
