#include <lrpp/tests/plugins/mamba/cases.h>
#include <lrpp/tests/plugins/mamba/reference_mamba.h>
#include <lrpp/tests/support/damaged_checkpoint.h>

#include <cmath>
#include <functional>

namespace lrpp {
namespace {

using namespace testing;

TEST(Forward, EqualsTransformersAtEveryPosition) {
  for (const char* name : {"hf-forward/mamba-tied", "hf-forward/mamba-untied-biases"}) {
    SCOPED_TRACE(name);
    const auto tensors = case_tensors(name);
    const Model model = load_case(name, at::kDouble, /*every_position=*/true);
    const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
    const Trace trace = forward(plan, {{"input_ids", tensors.at("input_ids")}});
    EXPECT_LT(relative_difference(trace.output, tensors.at("logits")), 1e-9);
  }
}

TEST(Forward, AnyPositionIsTheSameRowOfAllPositions) {
  const auto tensors = case_tensors("hf-forward/mamba-tied");
  const Model model = load_case("hf-forward/mamba-tied");
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  const TextInputs inputs{tensors.at("input_ids"), {}, {}};
  for (const auto& [position, row] : std::map<std::string, int64_t>{{"first", 0}, {"4", 4}, {"last", 10}}) {
    const Trace trace = forward(plan, prepare_text(model, inputs, position));
    EXPECT_LT(relative_difference(trace.output, tensors.at("logits").select(1, row)), 1e-9);
  }
}

TEST(Padding, OnTheRightChangesNothing) {
  const auto tensors = case_tensors("mamba-official/classifier");
  const Model model = load_case("mamba-official/classifier");
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  const Tensor ids = tensors.at("input_ids");
  const Tensor padded = at::cat({ids, at::zeros({ids.size(0), 4}, at::kLong)}, 1);
  const Tensor mask = at::cat({at::ones_like(ids), at::zeros({ids.size(0), 4}, at::kLong)}, 1);
  const Attribution a = explain(plan, prepare_text(model, {padded, mask, {}}, "last"), model.labels, {});
  EXPECT_LT(relative_difference(a.logits, tensors.at("logits")), 1e-9);
  EXPECT_EQ(a.relevance_token.slice(1, ids.size(1)).abs().max().item<double>(), 0);
}

TEST(StateSpaces, OriginalNamingIsTheSameModel) {
  EditedModel model("hf-forward/mamba-tied");
  const Json hf = model.config;
  model.config = {{"d_model", hf["hidden_size"]},
                  {"n_layer", hf["num_hidden_layers"]},
                  {"vocab_size", 70},  // padded to 72, a multiple of 8
                  {"ssm_cfg", {{"d_state", hf["state_size"]}, {"dt_rank", "auto"}}},
                  {"rms_norm", true},
                  {"residual_in_fp32", true},
                  {"fused_add_norm", true},
                  {"pad_vocab_size_multiple", 8}};
  model.tensors["backbone.embedding.weight"] = model.tensors["backbone.embeddings.weight"];
  model.tensors.erase("backbone.embeddings.weight");
  model.tensors["lm_head.weight"] = model.tensors["backbone.embedding.weight"];
  const auto tensors = case_tensors("hf-forward/mamba-tied");
  const Model loaded = model.load();
  EXPECT_EQ(loaded.model_type, "mamba_ssm");
  const Attribution a = explain_case(loaded, builtin_registry().make_composite("mamba-lrp"), tensors);
  EXPECT_LT(relative_difference(a.logits, tensors.at("logits").select(1, 10)), 1e-9);
  // The gradient of the other naming, which is held against autograd in gradient_test.cpp.
  const Composite gradient = builtin_registry().make_composite("gradient");
  EXPECT_TRUE(
      explain_case(loaded, gradient, tensors)
          .relevance.equal(explain_case(load_case("hf-forward/mamba-tied"), gradient, tensors).relevance));
  model.config["ssm_cfg"]["layer"] = "Mamba3";
  expect_user_error([&] { model.load(); }, {"ssm_cfg.layer", "Mamba3"});
  model.config["ssm_cfg"] = {{"layer", "Mamba2"}, {"d_state", 4}, {"headdim", 8}};
  expect_user_error([&] { model.load(); },
                    {"backbone.layers.0.mixer.in_proj.weight", "[76, 16]", "[64, 16]"});
  model.config["ssm_cfg"] = {{"d_sate", 4}};
  expect_user_error([&] { model.load(); }, {"ssm_cfg", "'d_sate'", "d_state"});
  model.config["ssm_cfg"] = {{"dt_rank", -1}};
  expect_user_error([&] { model.load(); }, {"dt_rank", "-1"});
  model.config["ssm_cfg"] = Json::object();
  model.config["rms_norm"] = false;
  expect_user_error([&] { model.load(); }, {"rms_norm"});
}

TEST(HuggingFace, AutomaticTimeStepRank) {
  EditedModel model("hf-forward/mamba-tied");
  model.config["time_step_rank"] = "auto";  // ceil(16 / 16) = 1, as the fixture has it
  EXPECT_NO_THROW(model.load());
  model.config["time_step_rank"] = "none";
  expect_user_error([&] { model.load(); }, {"time_step_rank", "auto", "none"});
}

TEST(HuggingFace, LabelsOfAClassifier) {
  EditedModel model("mamba-official/classifier");
  model.config["id2label"] = {{"0", "bad"}, {"1", "good"}};
  const Model loaded = model.load();
  EXPECT_EQ(loaded.task, "classifier");
  EXPECT_EQ(loaded.labels, (std::vector<std::string>{"bad", "good"}));
  model.config["id2label"] = {{"0", "bad"}};
  expect_user_error([&] { model.load(); }, {"id2label", "\"1\""});
}

TEST(BadCheckpoint, AnyDamagedTensorIsNamed) {
  expect_damage_is_named("mamba-official/classifier", {"lm_head.bias"});
  expect_damage_is_named("hf-forward/mamba-untied-biases");
}

TEST(BadCheckpoint, IsNamed) {
  struct Case {
    std::string what;
    std::function<void(EditedModel&)> damage;
    std::vector<std::string> parts;
  };
  const std::string conv = "backbone.layers.1.mixer.conv1d.weight";
  const std::vector<Case> cases{
      {"missing tensor", [&](EditedModel& m) { m.tensors.erase(conv); }, {conv, "lacks"}},
      {"extra tensor",
       [](EditedModel& m) { m.tensors["surplus"] = at::zeros({2}); },
       {"'surplus'", "no use"}},
      {"wrong shape",
       [&](EditedModel& m) {
         m.tensors[conv] = at::zeros({48, 1, 3});
       },
       {conv, "[48, 1, 4]", "[48, 1, 3]"}},
      {"integers",
       [&](EditedModel& m) {
         m.tensors[conv] = at::zeros({48, 1, 4}, at::kInt);
       },
       {conv, "floating-point", "Int"}},
      {"NaN", [&](EditedModel& m) { m.tensors[conv][3] = std::nan(""); }, {conv, "NaN or infinity"}},
      {"infinity", [&](EditedModel& m) { m.tensors[conv][3] = INFINITY; }, {conv, "NaN or infinity"}},
      {"config shape",
       [](EditedModel& m) { m.config["state_size"] = 5; },
       {"x_proj", "[12, 48]", "[10, 48]"}},
      {"config type", [](EditedModel& m) { m.config["hidden_size"] = "24"; }, {"hidden_size", "24"}},
      {"config range", [](EditedModel& m) { m.config["hidden_size"] = 0; }, {"hidden_size", "0"}},
      {"config overflow", [](EditedModel& m) { m.config["hidden_size"] = 1e30; }, {"hidden_size"}},
      {"activation", [](EditedModel& m) { m.config["hidden_act"] = "gelu"; }, {"hidden_act", "gelu"}},
      {"intermediate",
       [](EditedModel& m) { m.config["intermediate_size"] = 50; },
       {"intermediate_size", "48", "50"}},
      {"model type",
       [](EditedModel& m) { m.config["model_type"] = "mambo"; },
       {"unknown model type 'mambo'", "mamba"}},
      {"no model type", [](EditedModel& m) { m.config.erase("model_type"); }, {"no 'model_type'"}},
      {"not an object", [](EditedModel& m) { m.config = Json::array(); }, {"JSON object"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EditedModel model("mamba-official/classifier");
    c.damage(model);
    expect_user_error([&] { model.load(); }, c.parts);
  }
}

TEST(BadCheckpoint, ATiedHeadThatDiffersIsRefused) {
  EditedModel model("hf-forward/mamba-tied");
  model.tensors["lm_head.weight"] = model.tensors["backbone.embeddings.weight"] + 1;
  expect_user_error([&] { model.load(); }, {"lm_head.weight", "differs"});
}

TEST(BadCheckpoint, OverflowInANarrowerDtypeIsNamed) {
  EditedModel model("mamba-official/classifier");
  model.tensors["lm_head.weight"].fill_(1e200);
  expect_user_error([&] { model.load(at::kFloat); }, {"lm_head.weight", "overflows", "wider dtype"});
}

TEST(Bfloat16, KeepsTheResidualInFloat32AndStaysClose) {
  const auto tensors = case_tensors("mamba-official/lm-tied");
  const Model model = load_case("mamba-official/lm-tied", at::kBFloat16);
  const Attribution a = explain_case(model, builtin_registry().make_composite("mamba-lrp"), tensors);
  // bfloat16 has 8 bits of precision, 0.4%; a few layers and sums that cancel leave some per cent of max |R|.
  EXPECT_LT(relative_difference(a.logits, tensors.at("logits")), 0.05);
  EXPECT_LT(relative_difference(a.relevance_token, tensors.at("relevance_token")), 0.15);
}

}  // namespace
}  // namespace lrpp
