// Falcon-Mamba and Mamba-2: options, the original naming, and configs that do not fit. What all families are
// held to is in family_test.cpp.
#include <gmock/gmock.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/models.h>

namespace lrpp {
namespace {

using namespace testing;

TEST(Mamba2, OriginalNamingIsTheSameModel) {
  EditedModel model("hf-forward/mamba2");
  const auto tensors = case_tensors("hf-forward/mamba2");
  // transformers' Mamba-2 has one statistic for its gated norm; the original has one for each group.
  for (auto& [name, tensor] : model.tensors) {
    if (!name.ends_with("in_proj.weight")) continue;
    // z, x, B, C and dt of two groups -> of the first group alone.
    const auto parts = tensor.split_with_sizes({32, 32, 16, 16, 4});
    tensor = at::cat({parts[0], parts[1], parts[2].narrow(0, 0, 8), parts[3].narrow(0, 0, 8), parts[4]});
  }
  for (auto& [name, tensor] : model.tensors) {
    if (name.find("conv1d") == std::string::npos) continue;
    const auto parts = tensor.split_with_sizes({32, 16, 16});
    tensor = at::cat({parts[0], parts[1].narrow(0, 0, 8), parts[2].narrow(0, 0, 8)});
  }
  model.config["n_groups"] = 1;
  const Attribution expected = explain_case(model.load(), "mamba-lrp", tensors);
  model.rename("backbone.embeddings.weight", "backbone.embedding.weight");
  model.config = {{"d_model", 16},
                  {"n_layer", 2},
                  {"vocab_size", 70},  // padded to 72, a multiple of 8
                  {"ssm_cfg", {{"layer", "Mamba2"}, {"d_state", 8}, {"headdim", 8}, {"chunk_size", 64}}},
                  {"rms_norm", true},
                  {"residual_in_fp32", true},
                  {"attn_layer_idx", Json::array()},
                  {"attn_cfg", Json::object()},
                  {"tie_embeddings", false}};
  const Model loaded = model.load();
  EXPECT_EQ(loaded.model_type, "mamba_ssm");
  EXPECT_TRUE(explain_case(loaded, "mamba-lrp", tensors).relevance.equal(expected.relevance));
  const auto refuses = [&](const char* key, const Json& value, const std::vector<std::string>& parts) {
    EditedModel changed = model;
    changed.config["ssm_cfg"][key] = value;
    expect_user_error([&] { changed.load(); }, parts);
  };
  refuses("rmsnorm", false, {"'rmsnorm' must be true"});
  refuses("norm_before_gate", true, {"'norm_before_gate' must be false"});
  refuses("D_has_hdim", true, {"'D_has_hdim' must be false"});
  refuses("d_ssm", 16, {"'d_ssm'", "32", "16"});
  refuses("headdim", 5, {"headdim", "32", "5"});
  refuses("dt_rank", 4, {"unknown", "dt_rank"});
  refuses("layer", "Mamba3", {"ssm_cfg.layer", "Mamba3"});
}

TEST(Mamba2, LimitsOfTimeSteps) {
  EditedModel model("hf-forward/mamba2");
  const auto tensors = case_tensors("hf-forward/mamba2");
  const Tensor free = run_forward(model.load(), case_inputs(model.load(), tensors));
  model.config["time_step_limit"] = {0.0, 1e9};
  const Model wide = model.load();
  EXPECT_NO_THROW(wide.graph.find("backbone.layers.0.mixer.dt_clamp"));
  EXPECT_TRUE(run_forward(wide, case_inputs(wide, tensors)).equal(free));
  model.config["time_step_limit"] = {0.3, 0.5};
  const Model narrow = model.load();
  EXPECT_GT(relative_difference(run_forward(narrow, case_inputs(narrow, tensors)), free), 1e-3);
  const Attribution a = explain_case(narrow, "mamba-lrp", tensors, /*audit=*/true);
  expect_balance(builtin_registry(), *a.ledger);
  for (const Json& wrong : std::vector<Json>{{0.5, 0.1}, {-1, 1}, {0}, "none", {0, "Infinity"}}) {
    model.config["time_step_limit"] = wrong;
    expect_user_error([&] { model.load(); }, {"time_step_limit", wrong.dump()});
  }
}

TEST(Stack, ASiblingUnderTheWrongModelTypeIsNamed) {
  const auto load_as = [](const std::string& name, const std::string& type, bool with_architecture) {
    EditedModel model(name);
    model.config["model_type"] = type;
    if (!with_architecture) model.config.erase("architectures");
    return user_error([&] { model.load(); });
  };
  struct Case {
    std::string name, type, tell_tale;
  };
  for (const Case& c : std::vector<Case>{
           {"hf-forward/falcon-mamba", "mamba", "'mixer_rms_eps' belongs to model type 'falcon_mamba'"},
           {"hf-forward/mamba2", "mamba", "'backbone.layers.0.mixer.in_proj.weight'"},
           {"hf-forward/mamba-tied", "mamba2", "'num_heads' x 'head_dim'"},
           {"hf-forward/mamba2", "falcon_mamba", "'backbone.layers.0.mixer.in_proj.weight'"}}) {
    SCOPED_TRACE(c.name + " as " + c.type);
    EXPECT_THAT(load_as(c.name, c.type, true), ::testing::HasSubstr("'architectures' must name a class"));
    EXPECT_THAT(load_as(c.name, c.type, false), ::testing::HasSubstr(c.tell_tale));
  }
}

TEST(FalconMamba, NormsOfDtBAndCAreThere) {
  EditedModel model("hf-forward/falcon-mamba");
  const auto tensors = case_tensors("hf-forward/falcon-mamba");
  const Model falcon = model.load();
  for (const char* norm : {"dt_layernorm", "b_layernorm", "c_layernorm"})
    EXPECT_NO_THROW(falcon.graph.find(std::string("backbone.layers.1.mixer.") + norm));
  model.config["mixer_rms_eps"] = 1.0;
  const Model other = model.load();
  EXPECT_GT(relative_difference(run_forward(other, case_inputs(other, tensors)),
                                run_forward(falcon, case_inputs(falcon, tensors))),
            1e-3);
  model.config["mixer_rms_eps"] = -1;
  expect_user_error([&] { model.load(); }, {"mixer_rms_eps", "-1"});
}

}  // namespace
}  // namespace lrpp
