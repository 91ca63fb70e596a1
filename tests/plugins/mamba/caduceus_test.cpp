// Caduceus against its official code, autograd and its own symmetry.
#include <lrpp/framework/ops/flip.h>
#include <lrpp/tests/plugins/mamba/reference_caduceus.h>
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/support/damaged_checkpoint.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/many_targets.h>
#include <lrpp/tests/support/models.h>

namespace lrpp {
namespace {

using namespace testing;

/// The position that a fixture of a language model explains.
constexpr int64_t position = 4;

class Caduceus : public ::testing::TestWithParam<std::string> {
 protected:
  const std::map<std::string, Tensor> tensors_ = case_tensors(GetParam());
  const Model model_ = load_case(GetParam());

  std::map<std::string, Tensor> inputs(const Tensor& ids) const {
    const bool answers_at_a_position = model_.graph.inputs().contains("position");
    return prepare_text(model_, {ids, {}, {}}, answers_at_a_position ? std::to_string(position) : "last");
  }
  std::map<std::string, Tensor> inputs() const { return inputs(tensors_.at("input_ids")); }
  ExplainOptions options() const {
    ExplainOptions options;
    options.targets = {"input"};
    options.given_target = tensors_.at("target");
    return options;
  }
  Tensor relevance(const std::string& composite) const {
    const Plan plan = make_plan(model_.graph, builtin_registry().make_composite(composite));
    return explain(plan, inputs(), model_.labels, options()).relevance;
  }
};

/// Both sides in float64, two or three layers deep, relative to the largest entry.
constexpr double tolerance = 1e-11;

TEST_P(Caduceus, EqualsTheOfficialCode) {
  const bool every_position = model_.task == "language model";
  const Model model = load_case(GetParam(), at::kDouble, every_position);
  const Tensor logits = run_forward(model, {{"input_ids", tensors_.at("input_ids")}});
  EXPECT_LT(relative_difference(logits, tensors_.at("logits")), tolerance);
  if (!every_position) return;
  EXPECT_LT(relative_difference(run_forward(model_, inputs()), tensors_.at("logits").select(1, position)),
            tolerance);
}

TEST_P(Caduceus, ManyTargetsEqualOneByOne) { expect_many_equal_one_by_one(model_, tensors_); }

TEST_P(Caduceus, GradientEqualsTheOfficialCodesAutograd) {
  EXPECT_LT(relative_difference(relevance("gradient"), tensors_.at("gradient")), tolerance);
}

TEST_P(Caduceus, GradientEqualsAutogradOfTheGraph) {
  const Tensor target = tensors_.at("target");
  const int64_t classes = tensors_.at("logits").size(-1);
  const Tensor seed = at::zeros({target.size(0), classes}, at::kDouble).scatter_(1, target.unsqueeze(1), 1.0);
  const Tensor expected = autograd_of_graph(model_.graph, inputs(), seed, differentiable_forward);
  EXPECT_LT(relative_difference(relevance("gradient"), expected), tolerance);
}

TEST_P(Caduceus, MambaLrpEqualsAutogradWithHeldTensorsDetached) {
  const Tensor& ids = tensors_.at("input_ids");
  const ReferenceCaduceus plain(fixture(GetParam()), /*held=*/false),
      held(fixture(GetParam()), /*held=*/true);
  const Tensor x = plain.embed(ids);
  // The oracle is the official model.
  EXPECT_LT(relative_difference(x, tensors_.at("embeddings")), tolerance);
  EXPECT_LT(relative_difference(plain.logits(x), tensors_.at("logits")), tolerance);
  EXPECT_LT(
      relative_difference(plain.gradient(ids, position, tensors_.at("target")), tensors_.at("gradient")),
      tolerance);
  const Tensor expected = x * held.gradient(ids, position, tensors_.at("target"));
  EXPECT_LT(relative_difference(relevance("mamba-lrp"), expected), tolerance);
  EXPECT_LT(relative_difference(relevance("lrp-0"), expected), tolerance);
}

TEST_P(Caduceus, BalancesUnderEveryComposite) {
  expect_balance_under_every_composite(builtin_registry(), model_, inputs(), options());
}

TEST_P(Caduceus, ADamagedTensorIsNamed) {
  std::set<std::string> optional;  // the config says what these hold
  for (const std::string& name : Checkpoint::open(fixture(GetParam())).names()) {
    if (name.ends_with("complement_map")) optional.insert(name);
  }
  expect_damage_is_named(GetParam(), optional);
}

INSTANTIATE_TEST_SUITE_P(Cases, Caduceus,
                         ::testing::Values("caduceus/ps-classifier", "caduceus/ps-classifier-unfused",
                                           "caduceus/ph-classifier", "caduceus/ps-lm", "caduceus/ph-lm",
                                           "caduceus/one-way-lm"),
                         test_name);

/// The ids of the other strand, read from its own beginning.
Tensor reverse_complement(const Tensor& ids) {
  Tensor complement = at::arange(16, at::kLong);
  for (const auto& [a, b] : std::map<int64_t, int64_t>{{7, 10}, {8, 9}, {9, 8}, {10, 7}}) complement[a] = b;
  return complement.index({ids.flip({1})});
}

Attribution explain_at(const Model& model, const std::string& composite, const Tensor& ids,
                       const std::string& position, int64_t target) {
  ExplainOptions options;
  options.targets = {std::to_string(target)};
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite(composite));
  return explain(plan, prepare_text(model, {ids, {}, {}}, position), model.labels, options);
}

TEST(CaduceusSymmetry, AReverseComplementGetsTheSameAnswerForTheSameReasons) {
  for (const char* name : {"caduceus/ps-classifier", "caduceus/ps-classifier-unfused"}) {
    const Model model = load_case(name);
    const Tensor ids = case_tensors(name).at("input_ids");
    for (const char* composite : {"mamba-lrp", "gradient-x-input", "lrp-epsilon"}) {
      SCOPED_TRACE(std::string(name) + " under " + composite);
      const Attribution a = explain_at(model, composite, ids, "last", 1);
      const Attribution b = explain_at(model, composite, reverse_complement(ids), "last", 1);
      EXPECT_LT(relative_difference(b.logits, a.logits), tolerance);
      EXPECT_LT(relative_difference(b.relevance_token, a.relevance_token.flip({1})), tolerance);
      EXPECT_LT(relative_difference(b.relevance, a.relevance.flip({1, 2})), tolerance);
    }
  }
}

TEST(CaduceusSymmetry, ALetterOfTheReverseComplementIsTheComplementForTheSameReasons) {
  const Model model = load_case("caduceus/ps-lm");
  const Tensor ids = case_tensors("caduceus/ps-lm").at("input_ids");
  const Attribution a = explain_at(model, "mamba-lrp", ids, "2", /*target=*/7);
  const Attribution b = explain_at(model, "mamba-lrp", reverse_complement(ids), "6", /*target=*/10);
  EXPECT_LT(relative_difference(b.score, a.score), tolerance);
  EXPECT_LT(relative_difference(b.relevance, a.relevance.flip({1, 2})), tolerance);
}

TEST(CaduceusSymmetry, OneStrandHasNone) {
  const Model model = load_case("caduceus/ph-classifier");
  const Tensor ids = case_tensors("caduceus/ph-classifier").at("input_ids");
  EXPECT_GT(relative_difference(explain_at(model, "mamba-lrp", reverse_complement(ids), "last", 1).logits,
                                explain_at(model, "mamba-lrp", ids, "last", 1).logits),
            1e-2);
}

TEST(CaduceusWeights, TiedProjectionsMayBeStoredUnderEitherNameOrBoth) {
  const EditedModel stored("caduceus/ph-lm");
  const auto tensors = case_tensors("caduceus/ph-lm");
  const Tensor expected = run_forward(stored.load(), case_inputs(stored.load(), tensors));
  EditedModel renamed = stored, both = stored;
  for (const auto& [name, tensor] : stored.tensors) {
    if (name.find("mamba_fwd.in_proj") == std::string::npos &&
        name.find("mamba_fwd.out_proj") == std::string::npos)
      continue;
    std::string other = name;
    other.replace(other.find("mamba_fwd"), 9, "mamba_rev");
    renamed.rename(name, other);
    both.tensors[other] = tensor.clone();
  }
  EXPECT_TRUE(run_forward(renamed.load(), case_inputs(renamed.load(), tensors)).equal(expected));
  EXPECT_TRUE(run_forward(both.load(), case_inputs(both.load(), tensors)).equal(expected));
  both.tensors["caduceus.backbone.layers.1.mixer.mamba_rev.out_proj.bias"].add_(1);
  expect_user_error([&] { both.load(); },
                    {"'bidirectional_weight_tie'", "layers.1.mixer.mamba_rev.out_proj.bias'", "differs"});
  // Two different directions, and a config that says so.
  both.config["bidirectional_weight_tie"] = false;
  EXPECT_GT(relative_difference(run_forward(both.load(), case_inputs(both.load(), tensors)), expected), 1e-3);
}

TEST(CaduceusWeights, TheFusedNormIsAnotherFunctionAndHasOtherNames) {
  EditedModel model("caduceus/ps-classifier");
  model.config["fused_add_norm"] = false;
  expect_user_error([&] { model.load(); }, {"'caduceus.backbone.layers.0.norm.submodule.weight'", "lacks"});
  const Tensor fused = case_tensors("caduceus/ps-classifier").at("logits");
  for (const std::string& name : Checkpoint::open(fixture("caduceus/ps-classifier")).names()) {
    for (const std::string norm : {".norm.", ".norm_f."}) {
      const size_t at = name.find(norm);
      if (at != std::string::npos)
        model.rename(name, std::string(name).insert(at + norm.size(), "submodule."));
    }
  }
  const Model plain = model.load();
  EXPECT_GT(relative_difference(
                run_forward(plain, case_inputs(plain, case_tensors("caduceus/ps-classifier"))), fused),
            1e-2);
}

TEST(CaduceusWeights, ATableOfComplementsThatIsNotTheConfigsIsRefused) {
  EditedModel model("caduceus/ps-lm");
  model.tensors["lm_head.complement_map"][7] = 8;
  expect_user_error([&] { model.load(); },
                    {"'lm_head.complement_map'", "must hold what the config says", "10"});
}

TEST(CaduceusWeights, ATiedHeadThatDiffersIsRefused) {
  EditedModel model("caduceus/ps-lm");
  const Tensor table = model.tensors["caduceus.backbone.embeddings.word_embeddings.embedding.weight"];
  model.tensors["lm_head.lm_head.weight"] = table.clone();
  EXPECT_NO_THROW(model.load());
  model.tensors["lm_head.lm_head.weight"].add_(1);
  expect_user_error([&] { model.load(); }, {"lm_head.lm_head.weight", "tied"});
}

TEST(CaduceusInputs, PaddingIsRefused) {
  const Model model = load_case("caduceus/ps-classifier");
  const Tensor ids = case_tensors("caduceus/ps-classifier").at("input_ids");
  Tensor mask = at::ones_like(ids);
  EXPECT_NO_THROW(prepare_text(model, {ids, mask, {}}, "last"));
  mask[1][8] = 0;
  expect_user_error([&] { prepare_text(model, {ids, mask, {}}, "last"); }, {"attention_mask", "all ones"});
  expect_user_error([&] { load_case("caduceus/ps-classifier", at::kDouble, /*every_position=*/true); },
                    {"every_position"});
}

TEST(CaduceusInputs, Bfloat16StaysClose) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  EditedModel model("caduceus/ps-classifier");
  model.config["residual_in_fp32"] = true;
  const Model loaded = model.load(at::kBFloat16);
  EXPECT_NO_THROW(loaded.graph.find("caduceus.backbone.residual_cast"));
  const Attribution a = explain_case(loaded, "mamba-lrp", tensors);
  // bfloat16 has 8 bits, 0.4%; some layers and sums that cancel leave some per cent of the largest logit.
  EXPECT_LT(relative_difference(a.logits, tensors.at("logits")), 0.05);
}

TEST(CaduceusConfigs, TheVocabularyIsPadded) {
  EditedModel model("caduceus/ps-classifier");
  model.config["vocab_size"] = 12;
  for (const char* padding : {"12", "13", "14", "15"}) model.config["complement_map"].erase(padding);
  const Model loaded = model.load();
  EXPECT_EQ(loaded.vocabulary_size, 16);
  EXPECT_EQ(loaded.labels, (std::vector<std::string>{"background", "promoter"}));
}

TEST(CaduceusConfigs, WhatDoesNotFitIsNamed) {
  struct Case {
    Json change;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases{
      {{{"bidirectional_strategy", "concat"}}, {"bidirectional_strategy", "ew_multiply", "concat"}},
      {{{"pooling_strategy", "max"}}, {"pooling_strategy", "mean", "max"}},
      {{{"conjoin_eval", true}}, {"conjoin_eval", "false"}},
      {{{"conjoin_train", true}}, {"conjoin_train", "false"}},
      {{{"ssm_cfg", {{"d_sate", 4}}}}, {"ssm_cfg", "d_sate", "d_state"}},
      {{{"ssm_cfg", 4}}, {"ssm_cfg", "4"}},
      {{{"d_model", 0}}, {"d_model", "0"}},
      {{{"n_layer", -1}}, {"n_layer", "-1"}},
      {{{"vocab_size", 0}}, {"vocab_size", "0"}},
      {{{"pad_vocab_size_multiple", 0}}, {"pad_vocab_size_multiple", "0"}},
      {{{"norm_epsilon", -1}}, {"norm_epsilon", "-1"}},
      {{{"vocab_size", 24}}, {"word_embeddings", "[24, 8]", "[16, 8]"}},
      {{{"complement_map", nullptr}}, {"complement_map", "rcps", "null"}},
      {{{"complement_map", {{"0", 0}, {"2", 2}}}}, {"complement_map", "none for 1"}},
      {{{"complement_map", {{"0", 0}, {"1", 16}}}}, {"complement_map", "token 1", "[0, 16)", "16"}},
      {{{"complement_map", {{"0", 0}, {"1", "A"}}}}, {"complement_map", "token 1", "A"}},
      {{{"complement_map", {{"0", 1}, {"1", 2}, {"2", 0}}}},
       {"complement_map", "its own inverse", "maps 0 to 1"}},
      {{{"architectures", {"CaduceusModel"}}}, {"architectures", "CaduceusForMaskedLM"}},
      {{{"architectures", {"MambaForCausalLM"}}}, {"architectures", "Caduceus", "MambaForCausalLM"}},
      {{{"architectures", nullptr}}, {"architectures", "CaduceusForSequenceClassification"}},
      {{{"rms_norm", false}}, {"norm.bias", "lacks"}},
      {{{"bidirectional", false}}, {"mamba_rev", "no use"}},
      {{{"rcps", false}}, {"'caduceus.backbone.embeddings.word_embeddings.weight'", "lacks"}},
      {{{"model_type", "mamba"}}, {"architectures", "Mamba"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.change.dump());
    EditedModel model("caduceus/ps-classifier");
    model.config.update(c.change);
    expect_user_error([&] { model.load(); }, c.parts);
  }
  EditedModel many("caduceus/ps-classifier");
  for (int id = 16; id < 20; ++id) many.config["complement_map"][std::to_string(id)] = id;
  expect_user_error([&] { many.load(); }, {"complement_map", "16 tokens", "20"});
}

TEST(CaduceusWeights, OfBothStrandsAreInMemoryOnce) {
  // In another dtype than the checkpoint's: what is not converted may be the checkpoint's own memory.
  const Model model = load_case("caduceus/ps-classifier", at::kFloat);
  for (const char* node : {"in_proj", "x_proj", "selective_scan"}) {
    const auto weight = [&](const std::string& strand) {
      const std::string layer = "caduceus.backbone.layers.0.mixer.submodule.mamba_fwd.";
      return model.graph.node(model.graph.find(strand + layer + node)).op->weights().at(0).second;
    };
    EXPECT_TRUE(weight("").is_alias_of(weight("rc."))) << node;
  }
}

}  // namespace
}  // namespace lrpp
