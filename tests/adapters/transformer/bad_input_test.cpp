// Checkpoints, configs and inputs that are wrong, or that ask for what is not supported: each is named.
#include <lrpp/tests/adapters/transformer/cases.h>
#include <lrpp/tests/support/damaged_checkpoint.h>

#include <cmath>
#include <functional>

namespace lrpp {
namespace {

using namespace testing;

struct Damage {
  std::string model, what;
  std::function<void(EditedModel&)> apply;
  std::vector<std::string> parts;
};

Damage option(const std::string& model, const std::string& key, const Json& value,
              std::vector<std::string> parts) {
  parts.push_back(key);
  return {model, key + " " + value.dump(), [=](EditedModel& m) { m.config[key] = value; }, parts};
}

TEST(BadCheckpoint, IsNamed) {
  const std::string q = "model.layers.1.self_attn.q_proj.weight",
                    c_attn = "transformer.h.1.attn.c_attn.weight";
  const std::string position = "vit.embeddings.position_embeddings";
  const std::vector<Damage> cases{
      {"llama-gqa", "missing", [&](EditedModel& m) { m.tensors.erase(q); }, {q, "lacks"}},
      {"llama-gqa",
       "extra",
       [](EditedModel& m) { m.tensors["surplus"] = at::zeros({2}); },
       {"'surplus'", "no use"}},
      {"llama-gqa",
       "another bias",
       [](EditedModel& m) { m.tensors["model.layers.0.self_attn.q_proj.bias"] = at::zeros({24}); },
       {"q_proj.bias", "no use"}},
      {"llama-gqa",
       "shape",
       [&](EditedModel& m) {
         m.tensors[q] = at::zeros({24, 23});
       },
       {q, "[24, 24]", "[24, 23]"}},
      {"llama-gqa",
       "NaN",
       [&](EditedModel& m) { m.tensors[q][0][0] = std::nan(""); },
       {q, "NaN or infinity"}},
      {"llama-gqa",
       "integers",
       [&](EditedModel& m) {
         m.tensors[q] = at::zeros({24, 24}, at::kInt);
       },
       {q, "Int"}},
      {"gpt2",
       "shape",
       [&](EditedModel& m) {
         m.tensors[c_attn] = at::zeros({72, 24});
       },
       {c_attn, "[24, 72]", "[72, 24]"}},
      {"gpt2",
       "tied head that differs",
       [](EditedModel& m) { m.tensors["lm_head.weight"] = m.tensors["transformer.wte.weight"] + 1; },
       {"lm_head.weight", "differs", "transformer.wte"}},
      {"gpt-neox",
       "untied head that is missing",
       [](EditedModel& m) { m.tensors.erase("embed_out.weight"); },
       {"embed_out.weight", "lacks"}},
      {"bert",
       "head of pretraining",
       [](EditedModel& m) { m.tensors["cls.predictions.bias"] = at::zeros({72}); },
       {"cls.predictions.bias", "no use"}},
      {"bert",
       "no classifier",
       [](EditedModel& m) { m.tensors.erase("classifier.weight"); },
       {"classifier.weight", "lacks"}},
      {"vit",
       "another image size",
       [](EditedModel& m) { m.config["image_size"] = 20; },
       {position, "[1, 26, 16]", "[1, 17, 16]"}},
  };
  for (const Damage& c : cases) {
    SCOPED_TRACE(c.model + ": " + c.what);
    EditedModel model("hf-forward/" + c.model);
    c.apply(model);
    expect_user_error([&] { model.load(); }, c.parts);
  }
}

class DamagedTransformer : public ::testing::TestWithParam<std::string> {};
TEST_P(DamagedTransformer, IsNamed) { expect_damage_is_named(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Cases, DamagedTransformer,
                         ::testing::Values("hf-forward/bert", "hf-forward/distilbert", "hf-forward/roberta",
                                           "hf-forward/gpt2", "hf-forward/gpt-neox", "hf-forward/llama-gqa",
                                           "hf-forward/qwen2", "hf-forward/qwen3", "hf-forward/gemma2",
                                           "hf-forward/gemma3", "hf-forward/vit", "hf-forward/deit",
                                           "lxt/vit-cp-lrp", "hf-options/gpt2-classifier",
                                           "hf-options/llama-options"),
                         test_name);

TEST(BadConfig, IsNamed) {
  const std::vector<Damage> cases{
      option("llama-gqa", "hidden_size", 0, {"between 1 and 2^24", "0"}),
      option("llama-gqa", "hidden_size", "24", {"integer"}),
      option("llama-gqa", "num_hidden_layers", -1, {"-1"}),
      option("llama-gqa", "num_key_value_heads", 3, {"multiple", "4 and 3"}),
      option("llama-gqa", "hidden_act", "mish", {}),
      option("llama-gqa", "rms_norm_eps", -1.0, {"-1"}),
      option("llama-gqa", "quantization_config", {{"bits", 4}}, {"not support"}),
      option("llama-gqa", "use_bidirectional_attention", true, {"must be", "not support"}),
      option("llama-gqa", "rope_parameters", {{"rope_type", "longrope"}}, {"'longrope'", "not support"}),
      option("llama-gqa", "architectures", {"LlamaForTokenClassification"}, {"LlamaForTokenClassification"}),
      option("llama-gqa", "architectures", nullptr, {"must name one class", "null"}),
      option("gemma2", "use_bidirectional_attention", true, {"not support"}),
      option("gemma2", "sliding_window", nullptr, {"layer 0 slides"}),
      option("gemma2", "query_pre_attn_scalar", 0, {"positive"}),
      option("gemma2", "attn_logit_softcapping", -1.0, {}),
      option("gemma3", "rope_parameters", {{"rope_type", "default"}}, {"sliding_attention"}),
      option("gemma3", "sliding_window", 0, {"between 1"}),
      option("gpt2", "add_cross_attention", true, {"not support"}),
      option("gpt2", "n_head", 5, {"multiple", "n_embd", "24 and 5"}),
      option("gpt2", "activation_function", "gelu_10", {}),
      option("gpt2", "pruned_heads", {{"0", {1}}}, {"not support"}),
      option("gpt2", "architectures", {"GPT2DoubleHeadsModel"}, {"GPT2DoubleHeadsModel"}),
      option("gpt-neox", "rope_parameters", {{"partial_rotary_factor", 2.0}}, {"2"}),
      option("bert", "is_decoder", true, {"false", "not support"}),
      option("bert", "position_embedding_type", "relative_key", {"absolute", "relative_key"}),
      option("bert", "architectures", {"BertForMaskedLM"}, {"BertForMaskedLM"}),
      option("bert", "architectures", {"BertLMHeadModel"}, {"classifier", "BertLMHeadModel"}),
      option("bert", "id2label", {{"0", "bad"}, {"2", "good"}}, {}),
      option("bert", "layer_norm_eps", -1e-12, {"at least 0"}),
      option("distilbert", "n_heads", 0, {"between 1"}),
      option("distilbert", "dim", 25, {"multiple"}),
      option("roberta", "pad_token_id", nullptr, {"null"}),
      option("roberta", "pad_token_id", 39, {"39"}),
      option("vit", "patch_size", 17, {}),
      option("vit", "patch_size", {4, 0}, {"pair"}),
      option("vit", "image_size", 1e9, {"65536"}),
      option("deit", "architectures", {"DeiTForImageClassificationWithTeacher"}, {"WithTeacher"}),
  };
  for (Damage c : cases) {
    SCOPED_TRACE(c.model + ": " + c.what);
    EditedModel model("hf-forward/" + c.model);
    c.apply(model);
    if (c.what.starts_with("hidden_act") || c.what.starts_with("activation_function"))
      c.parts = {"activation", "not supported", "silu"};
    if (c.what.starts_with("attn_logit")) c.parts = {"attn_logit_softcapping", "positive", "-1"};
    if (c.what.starts_with("patch_size 17")) c.parts = {"a patch must fit", "17 x 17", "16 x 16"};
    expect_user_error([&] { model.load(); }, c.parts);
  }
}

TEST(BadConfig, OfEveryFamilyIsNamed) {
  // The name of the activation's key, and one option of each family's own.
  const std::map<std::string, std::pair<std::string, Damage>> families{
      {"bert", {"hidden_act", option("bert", "type_vocab_size", 0, {"between 1", "0"})}},
      {"distilbert", {"activation", option("distilbert", "n_layers", -1, {"-1"})}},
      {"roberta", {"hidden_act", option("roberta", "is_decoder", true, {"not support"})}},
      {"gpt2", {"activation_function", option("gpt2", "n_inner", -4, {"-4"})}},
      {"gpt-neox", {"hidden_act", option("gpt-neox", "num_attention_heads", 5, {"multiple", "5"})}},
      {"llama-gqa", {"hidden_act", option("llama-gqa", "head_dim", 0, {"between 1"})}},
      {"qwen2", {"hidden_act", option("qwen2", "layer_types", {"sliding_attention"}, {})}},
      {"qwen3", {"hidden_act", option("qwen3", "use_bidirectional_attention", true, {"not support"})}},
      {"gemma2", {"hidden_activation", option("gemma2", "head_dim", 0, {"between 1"})}},
      {"gemma3",
       {"hidden_activation", option("gemma3", "final_logit_softcapping", -1.0, {"positive", "-1"})}},
      {"vit", {"hidden_act", option("vit", "num_channels", 0, {"between 1"})}},
      {"deit", {"hidden_act", option("deit", "num_attention_heads", 3, {"multiple", "3"})}}};
  for (const auto& [name, damages] : families) {
    Damage activation = option(name, damages.first, "mish", {"'mish'", "not supported", "silu"});
    activation.parts.pop_back();  // the message says "activation", whatever the key is called
    Damage damaged = damages.second;
    for (const Damage& c :
         {activation, damaged, option(name, "quantization_config", {{"bits", 4}}, {"not support"}),
          option(name, "architectures", {"XForTokenClassification"}, {"XForTokenClassification"})}) {
      SCOPED_TRACE(name + ": " + c.what);
      EditedModel model("hf-forward/" + name);
      c.apply(model);
      expect_user_error([&] { model.load(); }, c.parts);
    }
  }
}

TEST(BadConfig, OfTorchvisionIsNamed) {
  const auto fails = [](const std::string& key, const Json& value, const std::vector<std::string>& parts) {
    SCOPED_TRACE(key);
    EditedModel model("lxt/vit-cp-lrp");
    model.config[key] = value;
    expect_user_error([&] { model.load(); }, parts);
  };
  fails("representation_size", 32, {"'representation_size'"});
  fails("activation", "relu", {"'activation'", "relu", "not support"});
  fails("source", "timm", {"'source'", "timm"});
  fails("num_heads", 3, {"hidden_dim", "num_heads", "16 and 3"});
  fails("patch_size", 32, {"a patch must fit"});
  fails("num_classes", 5, {"heads.head.weight", "[5, 16]", "[6, 16]"});
}

TEST(BadConfig, AnyValueAtAnyKeyLoadsOrIsAUserError) {
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
                                 Json::array(),
                                 {1, 2},
                                 Json::object(),
                                 {{"a", 1}},
                                 int64_t{1} << 40,
                                 (int64_t{1} << 62) + 1};
  const Registry registry = builtin_registry();
  int refused = 0, loaded = 0;
  for (const std::string& name : all_models()) {
    // One of each family, and Gemma 3 and ViT in their other spellings.
    if (name.starts_with("hf-options")) continue;
    if (name.starts_with("lxt") && name != "lxt/gemma3-attnlrp" && name != "lxt/vit-cp-lrp") continue;
    const Json config = read_json(fixture(name) / "config.json");
    const std::string type = config.contains("model_type") ? config["model_type"] : Json("torchvision_vit");
    const Checkpoint checkpoint = Checkpoint::open(fixture(name));
    for (const auto& [key, old] : config.items()) {
      for (const Json& value : values) {
        SCOPED_TRACE(name + ": " + key + " = " + value.dump());
        ModelDirectory directory{fixture(name), config, checkpoint};
        directory.config[key] = value;
        try {
          registry.adapter(type).load(directory, {at::kFloat, at::kCPU, false});
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

TEST(BadInput, IsNamed) {
  const Model gpt2 = load_case("hf-forward/gpt2"), bert = load_case("hf-forward/bert");
  const Model roberta = load_case("hf-forward/roberta"), vit = load_case("hf-forward/vit");
  const auto zeros = [](int64_t tokens) { return at::zeros({1, tokens}, at::kLong); };
  const auto text = [](const Model& model, const TextInputs& inputs, const char* position = "last") {
    return [&model, inputs, position] { prepare_text(model, inputs, position); };
  };
  EXPECT_EQ(gpt2.max_tokens, 32);
  EXPECT_NO_THROW(text(gpt2, {zeros(32), {}, {}, {}})());
  expect_user_error(text(gpt2, {zeros(33), {}, {}, {}}), {"positions for 32 tokens", "33"});
  expect_user_error(text(gpt2, {zeros(3), {}, {}, zeros(3)}), {"no token_type_ids"});
  expect_user_error(text(gpt2, {zeros(3) + 72, {}, {}, {}}), {"[0, 72)", "72"});
  expect_user_error(text(bert, {zeros(3), {}, {}, zeros(3) + 2}), {"token_type_ids", "[0, 2)", "2"});
  expect_user_error(text(bert, {zeros(3), {}, {}, zeros(4)}), {"token_type_ids", "[1, 3]", "[1, 4]"});
  expect_user_error(text(bert, {zeros(3), {}, {}, {}}, "first"), {"whole input", "--position"});
  EXPECT_EQ(roberta.max_tokens, 39) << "position 0 is padding's";
  EXPECT_NO_THROW(run_forward(roberta, prepare_text(roberta, {zeros(39) + 5, {}, {}, {}}, "last")));
  expect_user_error(text(roberta, {zeros(40), {}, {}, {}}), {"positions for 39 tokens", "40"});
  expect_user_error(
      [&] {
        prepare_image(vit, {at::zeros({1, 3, 16, 20}), {}});
      },
      {"[B, 3, 16, 16]", "[1, 3, 16, 20]"});
  expect_user_error([&] { prepare_image(vit, {at::zeros({1, 1, 16, 16}), {}}); }, {"[B, 3, 16, 16]"});
  for (const char* name : {"hf-forward/bert", "hf-forward/vit"}) {
    expect_user_error([&] { load_case(name, at::kDouble, /*every_position=*/true); }, {"every_position"});
  }
}

}  // namespace
}  // namespace lrpp
