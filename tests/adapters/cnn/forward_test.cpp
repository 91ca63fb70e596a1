// The logits of every CNN against those of torchvision and transformers, and what a loaded model says of
// itself.
#include <lrpp/tests/adapters/cnn/cases.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

class CnnForward : public ::testing::TestWithParam<std::string> {};

TEST_P(CnnForward, LogitsAreThePeers) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  // Float64 on both sides, some dozens of layers; the order of sums differs.
  EXPECT_LT(relative_difference(run_pixels(model, tensors.at("pixel_values")), tensors.at("logits")), 1e-12);
}

TEST_P(CnnForward, Float32AndBfloat16StayClose) {
  const auto tensors = case_tensors(GetParam());
  const Tensor pixels = tensors.at("pixel_values"), logits = tensors.at("logits");
  // Rounding of 2^-24 and 2^-9 a value, grown by a dozen layers.
  EXPECT_LT(relative_difference(run_pixels(load_case(GetParam(), at::kFloat), pixels), logits), 1e-5);
  EXPECT_LT(relative_difference(run_pixels(load_case(GetParam(), at::kBFloat16), pixels), logits), 0.1);
}

INSTANTIATE_TEST_SUITE_P(Cases, CnnForward, ::testing::ValuesIn(cnn_models()), test_name);

/// The names of a graph's nodes, sorted.
std::set<std::string> node_names(const Model& model) {
  std::set<std::string> names;
  for (const Node& node : model.graph.nodes()) names.insert(node.name);
  return names;
}

void expect_nodes(const Model& model, const std::set<std::string>& expected) {
  const std::set<std::string> names = node_names(model);
  for (const std::string& name : expected) EXPECT_TRUE(names.contains(name)) << name;
}

TEST(CnnModel, SaysWhatItIs) {
  const Model model = load_case("zennit/resnet-epsilon-plus");
  EXPECT_EQ(model.model_type, "torchvision_resnet");
  EXPECT_EQ(model.task, "image classifier");
  EXPECT_EQ(model.default_composite, "epsilon-plus-flat");
  EXPECT_EQ(model.labels, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  ASSERT_TRUE(model.image);
  EXPECT_EQ(model.image->channels, 3);
  EXPECT_EQ(model.image->height, 0) << "any";
  EXPECT_EQ(model.graph.node(model.graph.attributed().node).name, "pixel_values");
  EXPECT_FALSE(model.graph.tokens());
  EXPECT_EQ(load_case("zennit/vgg-epsilon-plus").model_type, "torchvision_vgg");
  EXPECT_EQ(load_case("hf-forward/resnet").model_type, "resnet");
  EXPECT_EQ(load_case("hf-forward/convnext").labels[4], "LABEL_4");
  EXPECT_EQ(load_case("cnn/convnext-plain").labels[1], "b");
  EXPECT_EQ(load_case("cnn/convnext-plain").image->channels, 2);
}

TEST(CnnModel, NodesAreNamedAsModules) {
  expect_nodes(load_case("zennit/vgg-bn-epsilon-plus"),
               {"features.0", "features.1", "features.2", "features.3", "features.9", "avgpool", "flatten",
                "classifier.0", "classifier.1", "classifier.2", "classifier.5", "classifier.6"});
  expect_nodes(load_case("cnn/torchvision-bottleneck-groups"),
               {"conv1", "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.relu1", "layer1.0.relu2",
                "layer1.0.conv3", "layer1.0.bn3", "layer1.0.downsample.0", "layer1.0.downsample.1",
                "layer1.0.add", "layer1.0.relu3", "layer2.1.add", "avgpool", "flatten", "fc"});
  expect_nodes(
      load_case("hf-forward/resnet"),
      {"resnet.embedder.embedder.convolution", "resnet.embedder.embedder.activation",
       "resnet.embedder.pooler", "resnet.encoder.stages.0.layers.0.layer.0.activation",
       "resnet.encoder.stages.1.layers.0.shortcut.convolution", "resnet.encoder.stages.1.layers.0.add",
       "resnet.encoder.stages.1.layers.0.activation", "resnet.pooler", "classifier.0", "classifier.1"});
  expect_nodes(
      load_case("hf-forward/convnext"),
      {"convnext.embeddings.patch_embeddings", "convnext.embeddings.layernorm",
       "convnext.encoder.stages.1.downsampling_layer.0", "convnext.encoder.stages.1.downsampling_layer.1",
       "convnext.encoder.stages.2.layers.1.dwconv", "convnext.encoder.stages.2.layers.1.layer_scale",
       "convnext.encoder.stages.2.layers.1.add", "convnext.pooler", "convnext.layernorm", "classifier"});
}

TEST(CnnModel, TakesImagesOfOtherSizes) {
  for (const std::string& name : cnn_models()) {
    SCOPED_TRACE(name);
    const Model model = load_case(name);
    const int64_t channels = model.image->channels;
    const Tensor small = run_pixels(model, random({1, channels, 33, 40}));
    EXPECT_EQ(small.sizes(), (std::vector<int64_t>{1, static_cast<int64_t>(model.labels.size())}));
    const Tensor large = run_pixels(model, random({3, channels, 64, 51}));
    EXPECT_TRUE(large.isfinite().all().item<bool>());
  }
}

TEST(CnnModel, AnImageTooSmallIsNamed) {
  const Model model = load_case("zennit/vgg-epsilon-plus");
  expect_user_error(
      [&] {
        run_pixels(model, random({1, 3, 3, 16}));
      },
      {"features.7", "max_pool2d", "spans 2", "larger image"});
  const Model convnext = load_case("hf-forward/convnext");
  expect_user_error([&] { run_pixels(convnext, random({1, 3, 2, 2})); }, {"patch_embeddings", "conv2d"});
}

TEST(CnnModel, PixelsAreChecked) {
  const Model model = load_case("hf-forward/resnet");
  expect_user_error([&] { run_pixels(model, random({1, 1, 32, 32})); }, {"[B, 3, H, W]", "[1, 1, 32, 32]"});
  expect_user_error([&] { run_pixels(model, random({3, 32, 32})); }, {"[B, 3, H, W]", "[3, 32, 32]"});
  expect_user_error([&] { run_pixels(model, random({0, 3, 32, 32})); }, {"[0, 3, 32, 32]"});
  expect_user_error(
      [&] {
        run_pixels(model, random({1, 3, 32, 32}).to(at::kLong));
      },
      {"floating-point", "Long"});
}

}  // namespace
}  // namespace lrpp
