// Checkpoints and configs that are wrong, and options that the adapters do not support, are errors that say
// so.
#include <lrpp/tests/adapters/cnn/cases.h>
#include <lrpp/tests/support/damaged_checkpoint.h>

#include <cmath>
#include <functional>

namespace lrpp {
namespace {

using namespace testing;

struct Damage {
  std::string what;
  std::function<void(EditedModel&)> apply;
  std::vector<std::string> parts;
};

void expect_errors(const std::string& name, const std::vector<Damage>& damages) {
  for (const Damage& damage : damages) {
    SCOPED_TRACE(name + ": " + damage.what);
    EditedModel model(name);
    damage.apply(model);
    expect_user_error([&] { model.load(); }, damage.parts);
  }
}

/// Sets one key of the config.
std::function<void(EditedModel&)> set(const std::string& key, const Json& value) {
  return [=](EditedModel& model) { model.config[key] = value; };
}

TEST(CnnCheckpoint, DamageIsNamed) {
  const std::string conv = "layer2.0.conv1.weight";
  expect_errors(
      "zennit/resnet-epsilon-plus",
      {{"missing tensor", [&](EditedModel& m) { m.tensors.erase(conv); }, {conv, "[12, 8, 3, 3]", "lacks"}},
       {"missing statistic",
        [](EditedModel& m) { m.tensors.erase("bn1.running_mean"); },
        {"bn1.running_mean"}},
       {"extra tensor",
        [](EditedModel& m) { m.tensors["fc2.weight"] = at::zeros({2}); },
        {"fc2.weight", "no use"}},
       {"extra bias",
        [](EditedModel& m) { m.tensors["conv1.bias"] = at::zeros({8}); },
        {"conv1.bias", "no use"}},
       {"wrong shape",
        [&](EditedModel& m) {
          m.tensors[conv] = at::zeros({12, 8, 5, 5});
        },
        {conv, "[12, 8, 3, 3]", "[12, 8, 5, 5]"}},
       {"integers",
        [&](EditedModel& m) {
          m.tensors[conv] = at::zeros({12, 8, 3, 3}, at::kInt);
        },
        {conv, "floating-point", "Int"}},
       {"NaN", [&](EditedModel& m) { m.tensors[conv][3] = std::nan(""); }, {conv, "NaN or infinity"}},
       {"negative variance",
        [](EditedModel& m) { m.tensors["bn1.running_var"][0] = -1; },
        {"batch_norm", "positive", "-0.99999"}}});
  EditedModel without_counter("zennit/resnet-epsilon-plus");
  std::erase_if(without_counter.tensors,
                [](const auto& t) { return t.first.ends_with("num_batches_tracked"); });
  EXPECT_NO_THROW(without_counter.load()) << "the counter is of no use once a model is trained";
}

class DamagedCnn : public ::testing::TestWithParam<std::string> {};
TEST_P(DamagedCnn, IsNamed) { expect_damage_is_named(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Cases, DamagedCnn,
                         ::testing::Values("zennit/vgg-epsilon-plus", "zennit/vgg-bn-epsilon-plus",
                                           "zennit/resnet-epsilon-plus", "cnn/torchvision-bottleneck-groups",
                                           "hf-forward/resnet", "hf-forward/convnext"),
                         test_name);

TEST(TorchvisionConfig, IsChecked) {
  expect_errors("zennit/resnet-epsilon-plus",
                {{"source", set("source", "torch hub"), {"no 'model_type'"}},
                 {"architecture", set("architecture", "densenet"), {"no 'model_type'"}},
                 {"architecture by type",
                  [](EditedModel& m) {
                    m.config["model_type"] = "torchvision_resnet";
                    m.config["architecture"] = "densenet";
                  },
                  {"'architecture'", "\"resnet\"", "densenet"}},
                 {"unknown key",
                  set("replace_stride_with_dilation", {false, true, true}),
                  {"replace_stride_with_dilation", "unknown"}},
                 {"block", set("block", "PreAct"), {"'block'", "\"PreAct\""}},
                 {"layers", set("layers", {1, 1, 1}), {"'planes' must have 3 entries", "4"}},
                 {"no layers", set("layers", Json::array()), {"'layers'", "one or more"}},
                 {"negative layers", set("layers", {1, -1, 1, 1}), {"'layers'", "-1"}},
                 {"more layers", set("layers", {1, 1, 1, 2}), {"layer4.1.conv1.weight", "lacks"}},
                 {"fewer layers",
                  [](EditedModel& m) {
                    m.config["layers"] = {1, 1, 1};
                    m.config["planes"] = {8, 12, 16};
                  },
                  {"fc.weight", "[10, 16]", "[10, 24]"}},
                 {"planes", set("planes", {8, 12, 16, 1000000000}), {"'planes'", "2^24"}},
                 {"groups", set("groups", 2), {"'groups'", "BasicBlock", "2"}},
                 {"width", set("width_per_group", 32), {"'width_per_group'", "BasicBlock", "32"}},
                 {"eps", set("batch_norm_eps", -1), {"'batch_norm_eps'", "-1"}},
                 {"classes", set("num_classes", 11), {"fc.weight", "[11, 24]"}},
                 {"many classes", set("num_classes", 1 << 21), {"'num_classes'", "2^20"}},
                 {"labels", set("id2label", {{"0", "cat"}}), {"id2label", "\"1\""}},
                 {"channels", set("in_channels", 1), {"conv1.weight", "[8, 1, 7, 7]"}}});
  expect_errors("cnn/torchvision-bottleneck-groups",
                {{"narrow", set("width_per_group", 4), {"'width_per_group'", "4", "between 1 and 2^24"}},
                 {"wide", set("groups", 1 << 24), {"'groups'", "16777216"}},
                 {"other width", set("width_per_group", 32), {"layer1.0.conv1.weight", "[4, 6, 1, 1]"}}});
  expect_errors(
      "zennit/vgg-epsilon-plus",
      {{"features", set("features", {"M", 8}), {"'features'", "begin"}},
       {"features entry", set("features", {8, "A"}), {"'features'", "\"A\""}},
       {"features number", set("features", {8, 1.5}), {"'features'", "1.5"}},
       {"no features", [](EditedModel& m) { m.config.erase("features"); }, {"'features'", "none"}},
       {"batch norm", set("batch_norm", true), {"features.1.", "lacks"}},
       {"pool", set("avgpool_output", {2, 3}), {"'classifier'", "12 channels", "2 x 3", "48"}},
       {"one pool", set("avgpool_output", {4}), {"'avgpool_output'", "2 entries"}},
       {"classifier", set("classifier", {48}), {"'classifier'", "1 entries"}},
       {"classifier width", set("classifier", {48, 24, 17, 10}), {"classifier.3.weight", "[17, 24]"}},
       {"classes", set("classifier", {48, 24, 16, 11}), {"'num_classes'", "10", "11"}},
       {"dropout", set("dropout", 0.5), {"unknown", "dropout"}}});
}

TEST(HuggingFaceConfig, IsChecked) {
  expect_errors(
      "hf-forward/resnet",
      {{"layer type", set("layer_type", "wide"), {"'layer_type'", "\"wide\""}},
       {"bottleneck", set("layer_type", "bottleneck"), {"layer.0.convolution.weight", "[2, 8, 1, 1]"}},
       {"narrow bottleneck",
        [](EditedModel& m) {
          m.config["layer_type"] = "bottleneck";
          m.config["hidden_sizes"] = {2, 12, 16, 20};
        },
        {"'hidden_sizes'", "at least 4", "2"}},
       {"activation", set("hidden_act", "mish"), {"'mish'", "not supported", "relu"}},
       {"depths", set("depths", {1, 1, 1}), {"'depths' must have 4 entries", "3"}},
       {"no channels", set("num_channels", 0), {"'num_channels'", "0"}},
       {"type", set("embedding_size", "8"), {"embedding_size", "\"8\""}},
       {"more labels", set("num_labels", 6), {"id2label", "\"5\""}}});
  expect_errors("hf-forward/convnext",
                {{"stages", set("num_stages", 3), {"'hidden_sizes' must have 3 entries", "4"}},
                 {"activation", set("hidden_act", "gelu_10"), {"'gelu_10'", "not supported", "gelu"}},
                 {"no layer scale", set("layer_scale_init_value", 0), {"layer_scale_parameter", "no use"}},
                 {"patch", set("patch_size", 2), {"patch_embeddings.weight", "[8, 3, 2, 2]"}},
                 {"eps", set("layer_norm_eps", -1), {"'layer_norm_eps'", "-1"}},
                 {"depths", set("depths", {1, 1, 3, 1}), {"stages.2.layers.2.dwconv.weight", "lacks"}}});
}

TEST(HuggingFaceConfig, LabelsComeFromTheConfig) {
  EditedModel model("hf-forward/resnet");
  model.config["id2label"] = {{"0", "cat"}, {"1", "dog"}, {"2", "cow"}, {"3", "hen"}, {"4", "fox"}};
  EXPECT_EQ(model.load().labels[4], "fox");
}

TEST(BoundsOfPixels, MustFitTheModel) {
  const auto tensors = case_tensors("hf-forward/resnet");
  const Model model = load_case("hf-forward/resnet");
  const auto fails = [&](const Json& arguments, const std::vector<std::string>& parts) {
    const Composite composite = builtin_registry().make_composite("epsilon-gamma-box", arguments);
    expect_user_error([&] { explain_case(model, composite, tensors); }, parts);
  };
  fails(Json::object(), {"rule 'z-box' cannot serve node 'resnet.embedder.embedder.convolution'",
                         "needs the bounds", "'low' and 'high'"});
  fails({{"low", {0, 0}}, {"high", {1, 1}}}, {"rule z-box", "each of the 3 channels", "2"});
}

TEST(CnnModel, HasNoPositions) {
  expect_user_error(
      [] {
        load_model(builtin_registry(), fixture("hf-forward/resnet"), {at::kDouble, at::kCPU, true});
      },
      {"every_position"});
}

}  // namespace
}  // namespace lrpp
