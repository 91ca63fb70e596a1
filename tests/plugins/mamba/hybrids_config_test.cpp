// Configs of hybrids: older spellings, options that are not supported, and those of a sibling family.
#include <gmock/gmock.h>
#include <lrpp/tests/plugins/mamba/hybrid_cases.h>

#include <functional>

namespace lrpp {
namespace {

using namespace testing;

/// The logits at the last position.
Tensor logits_of(const EditedModel& model, const std::string& name) {
  const Model loaded = model.load();
  return run_forward(loaded, case_inputs(loaded, case_tensors(name)));
}

TEST(HybridConfig, OlderSpellingsAreTheSameModel) {
  struct Case {
    std::string model;
    std::function<void(Json&)> respell;
  };
  const std::vector<Case> cases{
      {"hf-forward/jamba",
       [](Json& c) {
         c["layers_block_type"] = {"mamba", "mamba", "attention", "mamba"};
         c["num_local_experts"] = 4;
         c["sliding_window"] = nullptr;
       }},
      {"hf-forward/bamba",
       [](Json& c) {
         c.erase("rope_parameters");
         c["rope_theta"] = 10000.0;
         c["rope_scaling"] = nullptr;
         c["mamba_d_head"] = "auto";
         c["layer_types"] = {"mamba", "attention", "mamba"};
         c.erase("time_step_limit");
       }},
      {"hf-forward/zamba2",
       [](Json& c) {
         c.erase("rope_parameters");
         c["rope_theta"] = 10000;
         c["layers_block_type"] = {"mamba", "hybrid", "mamba", "hybrid"};
         c["time_step_limit"] = nullptr;
         for (const char* key : {"attention_head_dim", "attention_hidden_size", "hybrid_layer_ids",
                                 "num_key_value_heads", "mamba_headdim", "kv_channels"})
           c.erase(key);
       }},
      {"hf-forward/nemotron-h",
       [](Json& c) {
         c.erase("layers_block_type");
         c["hybrid_override_pattern"] = "M*-M";
         c["num_hidden_layers"] = 4;
         for (const auto& [present, old] :
              std::map<std::string, std::string>{{"n_groups", "mamba_n_groups"},
                                                 {"conv_kernel", "mamba_d_conv"},
                                                 {"head_dim", "attention_head_dim"},
                                                 {"time_step_min", "mamba_dt_min"},
                                                 {"use_conv_bias", "mamba_conv_bias"}}) {
           c[old] = c[present];
           c.erase(present);
         }
       }},
      {"hf-options/nemotron-h-moe", [](Json& c) {
         c["hybrid_override_pattern"] = "ME*E-";
         c["num_local_experts"] = 8;
         c["layers_block_type"] = {"mamba", "moe", "attention", "moe", "mlp"};
       }}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.model);
    EditedModel model(c.model);
    const Tensor expected = logits_of(model, c.model);
    c.respell(model.config);
    EXPECT_TRUE(logits_of(model, c.model).equal(expected));
  }
}

struct Wrong {
  std::string model, key;
  Json value;
  std::vector<std::string> parts;
};

TEST(HybridConfig, WhatIsNotSupportedIsNamed) {
  const std::string jamba = "hf-forward/jamba", bamba = "hf-forward/bamba", zamba2 = "hf-forward/zamba2";
  const std::string adapter = "hf-options/zamba2-attention-adapter";
  const std::string nemotron = "hf-forward/nemotron-h", moe = "hf-options/nemotron-h-moe";
  const std::vector<Wrong> cases{
      {jamba, "hidden_act", "gelu", {"must be \"silu\"", "gelu"}},
      {jamba, "sliding_window", 8, {"must be null", "8"}},
      {jamba, "attn_layer_offset", 4, {"[0, 'attn_layer_period')", "4 and 4"}},
      {jamba, "attn_layer_period", 0, {"'attn_layer_period'", "0"}},
      {jamba, "expert_layer_offset", -1, {"[0, 'expert_layer_period')", "-1"}},
      {jamba, "num_experts_per_tok", 5, {"at most the 4 experts", "5"}},
      {jamba, "num_experts_per_tok", 0, {"between 1", "0"}},
      {jamba, "num_local_experts", 8, {"must be the number 4", "8"}},
      {jamba, "num_key_value_heads", 3, {"multiple", "4 and 3"}},
      {jamba, "num_attention_heads", 3, {"'num_attention_heads' must be a multiple", "3 and 2"}},
      {jamba, "mamba_dt_rank", 0, {"\"auto\" or a positive integer", "0"}},
      {jamba,
       "layers_block_type",
       {"mamba", "attention", "mamba", "mamba"},
       {"must agree with 'attn_layer_period'", "layer 1 linear_attention", "full_attention"}},
      {jamba, "layers_block_type", {"mamba"}, {"each of the 4 layers", "1"}},
      {jamba, "architectures", {"JambaModel"}, {"JambaModel"}},
      {jamba, "quantization_config", {{"bits", 4}}, {"not support"}},
      {bamba, "attn_layer_indices", {3}, {"[0, 3)", "3"}},
      {bamba, "attn_layer_indices", {-1}, {"[0, 3)", "-1"}},
      {bamba, "mamba_n_groups", 3, {"must be a multiple of 'mamba_n_groups'", "4 and 3"}},
      {bamba, "mamba_d_head", 7, {"expanded hidden size 32", "4 x 7"}},
      {bamba, "mamba_d_head", "none", {"\"auto\" or an integer", "none"}},
      {bamba, "mamba_n_heads", 5, {"'mamba_n_heads' x 'mamba_d_head'", "5 x 8"}},
      {bamba, "partial_rotary_factor", 0.25, {"must be the number 0.5", "0.25"}},
      {bamba, "time_step_limit", {1, 0}, {"0 <= min <= max"}},
      {bamba, "hidden_act", "relu", {"must be \"silu\"", "relu"}},
      {bamba,
       "architectures",
       {"BambaForSequenceClassification"},
       {"must name BambaForCausalLM", "Classification"}},
      {zamba2, "use_long_context", true, {"must be false where 'use_mem_rope' is true", "rope_parameters"}},
      {zamba2, "use_conv_bias", false, {"must be true", "not support"}},
      {zamba2, "time_step_limit", {0.0, 1.0}, {"must be null"}},
      {zamba2, "attention_head_dim", 4, {"must be the number 8", "4"}},
      {zamba2, "mamba_headdim", 4, {"must be the number 8", "4"}},
      {zamba2, "hybrid_layer_ids", {1}, {"must agree with", "[1,3]", "[1]"}},
      {zamba2, "hidden_act", "mish", {"'mish'", "not supported"}},
      {zamba2, "num_mem_blocks", 0, {"between 1", "0"}},
      {zamba2, "time_step_min", -0.5, {"at least 0", "-0.5"}},
      {zamba2,
       "layers_block_type",
       {"linear_attention", "hybrid", "linear_attention", "full_attention"},
       {"may hold linear_attention (or mamba) and hybrid", "full_attention"}},
      {zamba2, "layers_block_type", nullptr, {"needs 'layers_block_type'"}},
      {adapter, "num_key_value_heads", 2, {"'use_shared_attention_adapter'", "2 and 4"}},
      {nemotron, "attention_bias", true, {"must be false", "not support"}},
      {nemotron, "mamba_proj_bias", true, {"must be false", "not support"}},
      {nemotron, "tie_word_embeddings", true, {"must be false", "not support"}},
      {nemotron, "sliding_window", 16, {"must be null", "16"}},
      {nemotron, "n_shared_experts", 2, {"must be the number 1", "2"}},
      {nemotron, "mamba_hidden_act", "gelu", {"must be \"silu\""}},
      {nemotron, "mlp_hidden_act", "mish", {"'mish'", "not supported", "relu2"}},
      {nemotron, "layers_block_type", nullptr, {"needs 'layers_block_type' or 'hybrid_override_pattern'"}},
      {nemotron, "hybrid_override_pattern", "M*MM", {"they differ"}},
      {nemotron, "hybrid_override_pattern", "M*X-", {"M, *, - and E", "'X'"}},
      {nemotron, "layer_types", {"mamba"}, {"'layers_block_type' and 'layer_types'", "differ"}},
      {nemotron, "num_hidden_layers", 5, {"each of the 5 layers", "4"}},
      {nemotron, "mamba_n_groups", 1, {"both 'mamba_n_groups' and 'n_groups'", "differ"}},
      {nemotron, "architectures", {"NemotronHForSequenceClassification"}, {"NemotronHForCausalLM"}},
      {moe, "n_group", 3, {"must divide the experts", "3 and 8"}},
      {moe, "n_group", 8, {"groups of at least 2"}},
      {moe, "topk_group", 5, {"at most 'n_group'", "5 and 4"}},
      {moe, "topk_group", 1, {"'num_experts_per_tok' must be at most the 2 experts", "3"}},
      {moe, "moe_latent_size", 0, {"between 1", "0"}},
      {moe, "moe_latent_size", nullptr, {"experts.0.up_proj.weight", "[10, 16]", "[10, 6]"}},
      {moe, "n_routed_experts", 16, {"gate.weight", "[16, 16]", "[8, 16]"}},
      {moe, "n_routed_experts", 4, {"'n_group' must divide", "4 and 4"}},
  };
  for (const Wrong& c : cases) {
    SCOPED_TRACE(c.model + ": " + c.key + " = " + c.value.dump());
    EditedModel model(c.model);
    model.config[c.key] = c.value;
    expect_user_error([&] { model.load(); }, c.parts);
  }
}

TEST(HybridConfig, ASiblingUnderTheWrongModelTypeIsNamed) {
  struct Case {
    std::string name, type, family, tell_tale;
  };
  for (const Case& c : std::vector<Case>{
           {"hf-forward/jamba", "bamba", "Bamba",
            "'mamba_n_heads' must divide the expanded hidden size 32; got 128"},
           {"hf-forward/bamba", "jamba", "Jamba", "'model.layers.0.mamba.in_proj.weight'"},
           {"hf-forward/zamba2", "mamba2", "Mamba2", "'hidden_act' must be \"silu\"; got \"gelu\""},
           {"hf-forward/mamba2", "zamba2", "Zamba2", "'time_step_limit' must be null"},
           {"hf-forward/zamba2", "bamba", "Bamba", "'hidden_act' must be \"silu\"; got \"gelu\""},
           {"hf-forward/nemotron-h", "mamba2", "Mamba2",
            "'intermediate_size' must be expand x hidden_size = 32; got 24"},
           {"hf-forward/mamba2", "nemotron_h", "NemotronH",
            "'layers_block_type' or 'hybrid_override_pattern'"},
           {"hf-forward/jamba", "mamba", "Mamba",
            "'intermediate_size' must be expand x hidden_size = 32; got 24"},
           {"hf-forward/llama-gqa", "jamba", "Jamba", "'model.layers.0.mamba.in_proj.weight'"}}) {
    SCOPED_TRACE(c.name + " as " + c.type);
    EditedModel model(c.name);
    model.config["model_type"] = c.type;
    EXPECT_THAT(user_error([&] { model.load(); }), ::testing::HasSubstr("'architectures' must name a class"));
    model.config["architectures"] = {c.family + "ForCausalLM"};
    EXPECT_THAT(user_error([&] { model.load(); }), ::testing::HasSubstr(c.tell_tale));
  }
}

TEST(HybridConfig, AnyValueAtAnyKeyLoadsOrIsAUserError) {
  const std::vector<Json> values{nullptr,
                                 true,
                                 false,
                                 -1,
                                 0,
                                 1,
                                 3,
                                 1e30,
                                 -0.5,
                                 "",
                                 "gelu",
                                 {1, 2},
                                 Json::array(),
                                 {"moe"},
                                 Json::object(),
                                 {{"a", 1}},
                                 int64_t{1} << 40,
                                 (int64_t{1} << 62) + 1};
  const Registry registry = builtin_registry();
  int refused = 0, loaded = 0;
  for (const std::string& name : hybrid_cases()) {
    const Json config = read_json(fixture(name) / "config.json");
    const Checkpoint checkpoint = Checkpoint::open(fixture(name));
    for (const auto& [key, old] : config.items()) {
      for (const Json& value : values) {
        SCOPED_TRACE(name + ": " + key + " = " + value.dump());
        ModelDirectory directory{fixture(name), config, checkpoint};
        directory.config[key] = value;
        try {
          registry.adapter(config["model_type"].get<std::string>())
              .load(directory, {at::kFloat, at::kCPU, false});
          ++loaded;
        } catch (const UserError&) {
          ++refused;
        } catch (const std::exception& error) {
          ADD_FAILURE() << "not a UserError: " << error.what();
        }
      }
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(loaded, 1000);
}

}  // namespace
}  // namespace lrpp
