// What stands in checkpoints and configs: older spellings, heads, options, and what is refused.
#include <lrpp/tests/adapters/transformer/cases.h>

#include <cmath>
#include <functional>

namespace lrpp {
namespace {

using namespace testing;

/// The same rounding as in the forward tests.
constexpr double tolerance = 1e-12;

/// Expects that the edited model computes the logits of the fixture that it was made from.
void expect_same_model(const EditedModel& edited, const std::string& name) {
  const auto tensors = case_tensors(name);
  const bool everywhere = tensors.at("logits").dim() == 3;
  const Model model = edited.load(at::kDouble, everywhere);
  const Tensor logits = everywhere ? run_forward(model, {{"input_ids", tensors.at("input_ids")}})
                                   : run_forward(model, case_inputs(model, tensors));
  EXPECT_LT(relative_difference(logits, tensors.at("logits")), tolerance);
}

void rename_all(EditedModel& model, const std::function<std::string(std::string)>& renamed) {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : model.tensors) tensors[renamed(name)] = tensor;
  model.tensors = tensors;
}

std::string replaced(std::string name, const std::string& from, const std::string& to) {
  const size_t at = name.find(from);
  if (at != std::string::npos) name.replace(at, from.size(), to);
  return name;
}

TEST(OldNames, GammaAndBeta) {
  EditedModel model("hf-forward/bert");
  rename_all(model, [](std::string name) {
    return replaced(replaced(std::move(name), "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias",
                    "LayerNorm.beta");
  });
  ASSERT_TRUE(model.tensors.contains("bert.embeddings.LayerNorm.gamma"));
  expect_same_model(model, "hf-forward/bert");
}

TEST(OldNames, WithoutTheBase) {
  for (const auto& [name, base] : std::map<std::string, std::string>{{"hf-forward/gpt2", "transformer."},
                                                                     {"hf-forward/bert", "bert."},
                                                                     {"hf-forward/llama-gqa", "model."}}) {
    SCOPED_TRACE(name);
    EditedModel model(name);
    rename_all(model, [&, base = base](std::string key) {
      return key.starts_with(base) ? key.substr(base.size()) : key;
    });
    expect_same_model(model, name);
  }
}

TEST(OldNames, PublishedByTorchvision) {
  EditedModel model("lxt/vit-cp-lrp");
  rename_all(model, [](std::string name) {
    return replaced(replaced(std::move(name), "mlp.0", "mlp.linear_1"), "mlp.3", "mlp.linear_2");
  });
  expect_same_model(model, "lxt/vit-cp-lrp");
}

TEST(OldNames, BuffersArePassedOver) {
  EditedModel gpt2("hf-forward/gpt2");
  gpt2.tensors["transformer.h.0.attn.bias"] = at::ones({1, 1, 32, 32}, at::kBool);
  gpt2.tensors["transformer.h.1.attn.masked_bias"] = at::full({}, -1e4);
  gpt2.tensors["lm_head.weight"] = gpt2.tensors.at("transformer.wte.weight").clone();
  expect_same_model(gpt2, "hf-forward/gpt2");
  EditedModel neox("hf-forward/gpt-neox");
  neox.tensors["gpt_neox.layers.0.attention.bias"] = at::ones({1, 1, 64, 64}, at::kBool);
  neox.tensors["gpt_neox.layers.0.attention.masked_bias"] = at::full({}, -1e9);
  neox.tensors["gpt_neox.layers.1.attention.rotary_emb.inv_freq"] = at::ones({1});
  expect_same_model(neox, "hf-forward/gpt-neox");
  EditedModel llama("hf-forward/llama-gqa");
  llama.tensors["model.layers.2.self_attn.rotary_emb.inv_freq"] = at::ones({3});
  expect_same_model(llama, "hf-forward/llama-gqa");
  EditedModel bert("hf-forward/bert");
  bert.tensors["bert.embeddings.position_ids"] = at::arange(40).unsqueeze(0);
  expect_same_model(bert, "hf-forward/bert");
  EditedModel roberta("hf-forward/roberta");
  roberta.tensors["roberta.pooler.dense.weight"] = at::zeros({24, 24});
  roberta.tensors["roberta.pooler.dense.bias"] = at::zeros({24});
  expect_same_model(roberta, "hf-forward/roberta");
  EditedModel vit("hf-forward/vit");
  vit.tensors["vit.embeddings.mask_token"] = at::zeros({1, 1, 16});
  expect_same_model(vit, "hf-forward/vit");
}

TEST(OldConfigs, OfTransformers4SayTheSame) {
  EditedModel llama("hf-forward/llama-gqa");
  llama.config.erase("rope_parameters");
  llama.config["rope_theta"] = 10000.0;
  llama.config["rope_scaling"] = nullptr;
  llama.config.erase("dtype");
  llama.config["torch_dtype"] = "float32";
  expect_same_model(llama, "hf-forward/llama-gqa");

  EditedModel neox("hf-forward/gpt-neox");
  neox.config.erase("rope_parameters");
  neox.config["rotary_emb_base"] = 10000;
  neox.config["rotary_pct"] = 0.25;
  expect_same_model(neox, "hf-forward/gpt-neox");

  EditedModel gemma2("hf-forward/gemma2");
  gemma2.config.erase("rope_parameters");
  gemma2.config.erase("layer_types");  // every second layer slides, beginning with the first
  gemma2.config["rope_theta"] = 10000.0;
  expect_same_model(gemma2, "hf-forward/gemma2");

  EditedModel gemma3("hf-forward/gemma3");
  gemma3.config.erase("rope_parameters");
  gemma3.config.erase("layer_types");
  gemma3.config.erase("_sliding_window_pattern");
  gemma3.config["sliding_window_pattern"] = 2;
  gemma3.config["rope_theta"] = 1e6;
  gemma3.config["rope_local_base_freq"] = 10000.0;
  expect_same_model(gemma3, "hf-forward/gemma3");
}

TEST(Qwen, UpperLayersSlide) {
  for (const char* name : {"hf-forward/qwen2", "hf-forward/qwen3"}) {
    SCOPED_TRACE(name);
    EditedModel by_types(name), by_number(name);
    by_types.config["use_sliding_window"] = by_number.config["use_sliding_window"] = true;
    by_types.config["sliding_window"] = by_number.config["sliding_window"] = 3;
    by_types.config["layer_types"] = {"full_attention", "full_attention", "sliding_attention"};
    by_number.config.erase("layer_types");
    by_number.config["max_window_layers"] = 2;
    const auto tensors = case_tensors(name);
    const auto logits = [&](const EditedModel& model) {
      return run_forward(model.load(at::kDouble, true), {{"input_ids", tensors.at("input_ids")}});
    };
    EXPECT_TRUE(logits(by_types).equal(logits(by_number)));
    const Tensor change = (logits(by_types) - tensors.at("logits")).abs().amax({0, 2});
    EXPECT_LT(change.slice(0, 0, 3).max().item<double>(), tolerance) << "three tokens fit into the window";
    EXPECT_GT(change.slice(0, 3).min().item<double>(), 1e-6) << "later ones do not see the first";
    by_types.config["sliding_window"] = nullptr;
    expect_user_error([&] { by_types.load(); }, {"layer 2 slides", "sliding_window"});
    by_types.config["layer_types"] = {"full_attention"};
    expect_user_error([&] { by_types.load(); }, {"layer_types", "3 layers", "1"});
    by_types.config["layer_types"] = {"full_attention", "full_attention", "chunked_attention"};
    expect_user_error([&] { by_types.load(); }, {"'chunked_attention'", "not supported"});
  }
}

TEST(Gpt2, ScoresMayBeScaledByLayer) {
  EditedModel plain("hf-forward/gpt2"), scaled("hf-forward/gpt2"), byhand("hf-forward/gpt2");
  scaled.config["scale_attn_by_inverse_layer_idx"] = true;
  scaled.config["scale_attn_weights"] = false;
  // Layer 1 divides by 2 = layer + 1, and no layer by sqrt(8): the same by changed query weights.
  for (const int64_t layer : {0, 1}) {
    const double factor = std::sqrt(8.0) / static_cast<double>(layer + 1);
    const std::string name = fmt::format("transformer.h.{}.attn.c_attn.", layer);
    byhand.tensors[name + "weight"] = byhand.tensors[name + "weight"].to(at::kDouble);
    byhand.tensors[name + "bias"] = byhand.tensors[name + "bias"].to(at::kDouble);
    byhand.tensors[name + "weight"].slice(1, 0, 24).mul_(factor);
    byhand.tensors[name + "bias"].slice(0, 0, 24).mul_(factor);
  }
  const auto tensors = case_tensors("hf-forward/gpt2");
  const auto logits = [&](const EditedModel& model) {
    return run_forward(model.load(at::kDouble, true), {{"input_ids", tensors.at("input_ids")}});
  };
  EXPECT_LT(relative_difference(logits(scaled), logits(byhand)), tolerance);
  EXPECT_GT(relative_difference(logits(scaled), logits(plain)), 1e-3);
}

TEST(GptNeox, ResidualsMayBeSequential) {
  EditedModel parallel("hf-forward/gpt-neox"), sequential("hf-forward/gpt-neox");
  sequential.config["use_parallel_residual"] = false;
  const auto tensors = case_tensors("hf-forward/gpt-neox");
  // With attention out of the way both are the same; with it they differ.
  const auto logits = [&](const EditedModel& model) {
    return run_forward(model.load(at::kDouble, true), {{"input_ids", tensors.at("input_ids")}});
  };
  EXPECT_GT(relative_difference(logits(sequential), logits(parallel)), 1e-3);
  for (EditedModel* model : {&parallel, &sequential}) {
    for (const char* part : {"weight", "bias"}) {
      for (const int layer : {0, 1})
        model->tensors[fmt::format("gpt_neox.layers.{}.attention.dense.{}", layer, part)].zero_();
    }
  }
  EXPECT_LT(relative_difference(logits(sequential), logits(parallel)), tolerance);
}

TEST(SequenceClassifiers, OfDecodersScoreTheLastToken) {
  for (const char* name : {"hf-forward/gpt2", "hf-forward/llama-gqa", "hf-forward/gemma2"}) {
    SCOPED_TRACE(name);
    EditedModel model(name);
    const Model language_model = model.load();
    const auto tensors = case_tensors(name);
    const int64_t vocabulary = language_model.vocabulary_size;
    // A score that is three rows of the language model's head.
    const bool tied = !model.tensors.contains("lm_head.weight");
    const std::string table =
        std::string(name).ends_with("gpt2") ? "transformer.wte.weight" : "model.embed_tokens.weight";
    model.tensors["score.weight"] = model.tensors.at(tied ? table : "lm_head.weight").slice(0, 5, 8).clone();
    if (!tied) model.tensors.erase("lm_head.weight");
    model.config["architectures"] = {"AnyForSequenceClassification"};
    model.config["id2label"] = {{"0", "bad"}, {"1", "middling"}, {"2", "good"}};
    const Model classifier = model.load();
    EXPECT_EQ(classifier.task, "classifier");
    EXPECT_EQ(classifier.labels, (std::vector<std::string>{"bad", "middling", "good"}));
    EXPECT_EQ(classifier.vocabulary_size, vocabulary);
    // Example 1 is shorter: its last real token is the fourth.
    const Tensor mask = at::ones_like(tensors.at("input_ids"));
    mask[1].slice(0, 4).zero_();
    const Tensor logits =
        run_forward(classifier, prepare_text(classifier, {tensors.at("input_ids"), mask, {}, {}}, "last"));
    const int64_t last = mask.size(1) - 1;
    Tensor expected = at::stack({tensors.at("logits")[0][last], tensors.at("logits")[1][3]}).slice(1, 5, 8);
    // Gemma 2 caps the language model's logits, not the classifier's.
    if (std::string(name).ends_with("gemma2")) expected = 30 * at::atanh(expected / 30);
    EXPECT_LT(relative_difference(logits, expected), 1e-11);
  }
}

TEST(Bfloat16, StaysCloseToFloat64) {
  for (const std::string& name : all_models()) {
    SCOPED_TRACE(name);
    const auto tensors = case_tensors(name);
    const Model model = load_case(name, at::kBFloat16);
    const Attribution a = explain_case(model, "gradient-x-input", tensors);
    EXPECT_EQ(a.logits.scalar_type(), at::kBFloat16);
    Tensor expected = tensors.at("logits");
    if (expected.dim() == 3) expected = expected.select(1, expected.size(1) - 1);
    // bfloat16 has 8 bits of precision, 0.4%; a few layers and sums that cancel leave some per cent.
    EXPECT_LT(relative_difference(a.logits, expected), 0.06);
    EXPECT_TRUE(a.relevance.isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace lrpp
