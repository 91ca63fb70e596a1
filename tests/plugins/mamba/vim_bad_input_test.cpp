// Checkpoints, configs and images that a Vision Mamba cannot be made of or fed with: each is named.
#include <lrpp/tests/plugins/mamba/vim_cases.h>
#include <lrpp/tests/support/damaged_checkpoint.h>

namespace lrpp {
namespace {

using namespace testing;

const std::string model_name = "vim-official/vim-16px-lrp0";

TEST(VimBadConfig, AnOptionIsNamedNotIgnored) {
  struct Case {
    std::string key;
    Json value;
    std::vector<std::string> parts;
  };
  const std::vector<Case> cases{
      {"if_rope", true, {"must be false", "not support"}},
      {"if_rope_residual", true, {"must be false", "not support"}},
      {"if_bidirectional", true, {"must be false", "not support"}},
      {"if_bimamba", true, {"must be false", "not support"}},
      {"bimamba_type", "v1", {"must be \"v2\"", "\"v1\"", "not support"}},
      {"bimamba_type", "none", {"must be \"v2\"", "\"none\"", "not support"}},
      {"bimamba_type", nullptr, {"must be \"v2\"", "null", "not support"}},
      {"init_layer_scale", 0.1, {"must be null", "0.1", "not support"}},
      {"flip_img_sequences_ratio", 0.5, {"at most 0", "0.5", "not supported"}},
      {"final_pool_type", "max", {"\"none\" or \"mean\"", "\"max\"", "not support"}},
      {"final_pool_type", "all", {"\"none\" or \"mean\"", "\"all\"", "not support"}},
      {"if_devide_out", true, {"unknown", "Did you mean 'if_divide_out'"}},
      {"img_size", 0, {"from 1 to 65536", "0"}},
      {"img_size", Json{16}, {"pair", "array"}},
      {"stride", 0, {"between 1 and 2^24", "0"}},
      {"embed_dim", -1, {"between 1 and 2^24", "-1"}},
      {"depth", -1, {"-1"}},
      {"d_state", "8", {"integer", "8"}},
      {"num_classes", 0, {"between 1 and 2^24", "0"}},
      {"dt_rank", 0, {"\"auto\" or a positive integer", "0"}},
      {"norm_epsilon", 1e-3, {"rms_norm_eps", "must be equal", "0.001", "1e-05"}},
      {"rms_norm_eps", -1.0, {"-1"}},
      {"ssm_cfg", "v2", {"must be an object", "v2"}},
      {"ssm_cfg", {{"expand", 2}}, {"'expand'", "must stand once"}},
      {"id2label", {{"0", "zero"}}, {"id2label"}},
      {"hidden_size", 24, {"unknown", "hidden_size"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.key + " " + c.value.dump());
    EditedModel model(model_name);
    model.config[c.key] = c.value;
    std::vector<std::string> parts = c.parts;
    parts.push_back(c.key);
    expect_user_error([&] { model.load(); }, parts);
  }
}

TEST(VimBadConfig, WhatSaysNothingOfTheModelIsAccepted) {
  EditedModel model(model_name);
  for (const char* key : {"if_rope", "if_rope_residual", "if_bidirectional", "if_bimamba"})
    model.config[key] = false;
  model.config.update({{"flip_img_sequences_ratio", -1.0},
                       {"init_layer_scale", nullptr},
                       {"drop_path_rate", 0.1},
                       {"fused_add_norm", true},
                       {"ssm_cfg", nullptr},
                       {"pt_hw_seq_len", 14}});
  model.config["dt_rank"] = "auto";  // ceil(24 / 16) = 2, as the fixture has it
  EXPECT_NO_THROW(model.load());
}

TEST(VimBadConfig, SizesMustBeThoseOfTheCheckpoint) {
  const auto expect = [](const char* key, const Json& value, const std::vector<std::string>& parts) {
    SCOPED_TRACE(key);
    EditedModel model(model_name);
    model.config[key] = value;
    expect_user_error([&] { model.load(); }, parts);
  };
  expect("patch_size", 17, {"a patch must fit into the image", "17 x 17", "16 x 16"});
  expect("img_size", 20, {"'pos_embed'", "[1, 26, 24]", "[1, 17, 24]"});
  expect("stride", 3, {"'pos_embed'", "[1, 26, 24]", "[1, 17, 24]"});
  expect("channels", 1, {"patch_embed.proj.weight", "[24, 1, 4, 4]", "[24, 3, 4, 4]"});
  expect("d_state", 4, {"layers.0.mixer.x_proj.weight", "[10, 48]", "[18, 48]"});
  expect("depth", 2, {"layers.2.", "no use"});
  expect("ssm_cfg", {{"dt_rnk", 2}}, {"unknown", "'dt_rnk'"});
}

TEST(VimBadConfig, ClassTokensMustBeThoseOfTheCheckpoint) {
  const auto expect = [](const char* key, bool value, const std::vector<std::string>& parts) {
    EditedModel model(model_name);
    model.config[key] = value;
    expect_user_error([&] { model.load(); }, parts);
  };
  expect("use_double_cls_token", true, {"'cls_token_head'", "lacks"});
  expect("if_cls_token", false, {"'pos_embed'", "[1, 16, 24]", "[1, 17, 24]"});
  expect("if_abs_pos_embed", false, {"'pos_embed'", "no use"});
  expect("rms_norm", false, {"norm.bias", "lacks"});
  expect("bias", true, {"in_proj.bias", "lacks"});
  expect("conv_bias", false, {"conv1d.bias", "no use"});
}

TEST(VimBadConfig, ASiblingUnderTheWrongModelTypeIsNamed) {
  EditedModel mamba("hf-forward/mamba-tied");
  mamba.config["model_type"] = "vim";
  expect_user_error([&] { mamba.load(); }, {"unknown"});
  EditedModel vim(model_name);
  vim.config["model_type"] = "mamba";
  expect_user_error([&] { vim.load(); }, {"'backbone.embeddings.weight'", "lacks"});
}

TEST(VimBadCheckpoint, ADamagedTensorIsNamed) {
  expect_damage_is_named(model_name);
  expect_damage_is_named("vim-options/double-cls-strided");
  expect_damage_is_named("vim-options/head-cls-sum");
  expect_damage_is_named("vim-options/layer-norm");
}

TEST(VimBadInput, AnImageOfAnotherSizeIsNamed) {
  const Model model = load_case(model_name);
  const auto prepare = [&](at::IntArrayRef sizes) {
    return user_error([&] { prepare_image(model, {at::zeros(sizes), {}}); });
  };
  for (const std::vector<int64_t>& sizes :
       std::vector<std::vector<int64_t>>{{1, 3, 16, 20}, {1, 3, 20, 16}, {1, 1, 16, 16}, {3, 16, 16}}) {
    const std::string message = prepare(sizes);
    EXPECT_NE(message.find("[B, 3, 16, 16]"), std::string::npos) << message;
    EXPECT_NE(message.find(shape_string(sizes)), std::string::npos) << message;
  }
}

TEST(VimBadInput, ThereIsNoOutputAtEveryPosition) {
  expect_user_error([] { load_case(model_name, at::kDouble, /*every_position=*/true); }, {"every_position"});
}

}  // namespace
}  // namespace lrpp
