// timm's names against timm: models of the sizes that its names stand for, their weights made by the formula
// of tests/fixtures/cnn/make_cases.py, which also wrote the logits.
#include <lrpp/adapters/cnn/config.h>
#include <lrpp/tests/adapters/cnn/cases.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/graph_autograd.h>

#include <cmath>
#include <set>

namespace lrpp {
namespace {

using namespace testing;

/// Whole numbers modulo a prime, as numbers in [-0.5, 0.5).
Tensor by_formula(const std::vector<int64_t>& shape, int64_t seed) {
  const Tensor i = at::arange(c10::multiply_integers(shape), at::kLong);
  return ((i * i * 48271 + i * 69621 + seed * 40692).remainder(65537).to(at::kDouble) / 65537 - 0.5)
      .reshape(shape);
}

/// The checkpoint of a case: the place of a name in the alphabet is its seed.
EditedModel model_by_formula(const std::string& name) {
  EditedModel model;
  model.config = read_json(fixture(name) / "config.json");
  const Json file = read_json(fixture(name) / "shapes.json");
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& [key, shape] : file.items()) shapes[key] = shape.get<std::vector<int64_t>>();
  int64_t seed = 0;
  for (const auto& [key, shape] : shapes) {
    const bool counter = key.ends_with("num_batches_tracked");
    Tensor values = counter ? at::zeros(shape, at::kLong) : by_formula(shape, seed);
    if (shape.size() > 1) {
      const int64_t inputs = values.numel() / shape[0];
      values = values * std::sqrt(12.0 / static_cast<double>(inputs));
    } else if (key.ends_with("running_var") || key.ends_with("weight")) {
      values = values + 1;
    }
    model.tensors[key] = values;
    ++seed;
  }
  return model;
}

/// Loaded once: they are large.
const Model& timm_model(const std::string& name) {
  static std::map<std::string, Model> models;
  if (!models.contains(name)) models[name] = model_by_formula(name).load();
  return models.at(name);
}

TEST(Timm, GradientEqualsAutogradAndTheLedgerBalances) {
  for (const char* name : {"timm/resnet50", "timm/vgg11_bn"}) {
    SCOPED_TRACE(name);
    auto tensors = case_tensors(name);
    tensors["pixel_values"] = tensors["pixel_values"].slice(0, 0, 1);
    const Model& model = timm_model(name);
    const Attribution ours = explain_case(model, "gradient", tensors);
    const Tensor seed = at::zeros_like(ours.logits).scatter(1, ours.target.target.unsqueeze(1), 1);
    const Tensor autograd = autograd_of_graph(model.graph, case_inputs(model, tensors), seed);
    // Float64 rounding through a whole model, relative to the largest entry.
    EXPECT_LT(relative_difference(ours.relevance, autograd), 1e-11);
    EXPECT_GT(autograd.abs().max().item<double>(), 1e-6) << "a gradient that is zero compares with anything";
    const Attribution audit = explain_case(model, model.default_composite, tensors, /*audit=*/true);
    expect_balance(builtin_registry(), *audit.ledger);
  }
}

TEST(Timm, LogitsAreThePeers) {
  for (const auto& [name, type] :
       std::map<std::string, std::string>{{"timm/resnet50", "timm_resnet"}, {"timm/vgg11_bn", "timm_vgg"}}) {
    SCOPED_TRACE(name);
    const auto tensors = case_tensors(name);
    const Model& model = timm_model(name);
    EXPECT_EQ(model.model_type, type);
    EXPECT_EQ(model.labels.size(), 7u);
    EXPECT_EQ(model.labels[6], "6");
    // Float64 on both sides; fifty layers, and weights that leave the residual stream growing.
    EXPECT_LT(relative_difference(run_pixels(model, tensors.at("pixel_values")), tensors.at("logits")),
              1e-11);
    std::set<std::string> names;
    for (const Node& node : model.graph.nodes()) names.insert(node.name);
    const std::vector<std::string> expected =
        type == "timm_vgg"
            ? std::vector<std::string>{"features.28",     "pre_logits.pool", "pre_logits.fc1",
                                       "pre_logits.act1", "pre_logits.drop", "head.global_pool.pool",
                                       "head.drop",       "head.fc"}
            : std::vector<std::string>{"conv1",
                                       "act1",
                                       "layer1.0.act1",
                                       "layer1.0.act3",
                                       "layer4.2.add",
                                       "global_pool.pool",
                                       "global_pool.flatten",
                                       "fc"};
    for (const std::string& node : expected) EXPECT_TRUE(names.contains(node)) << node;
  }
}

/// A config as timm writes it.
Json config_of(const std::string& architecture) {
  return {{"architecture", architecture},
          {"num_classes", 2},
          {"num_features", 512},
          {"pretrained_cfg", {{"input_size", {3, 64, 64}}, {"num_classes", 1000}}}};
}

cnn::ResNetConfig read(const Json& config) { return cnn::read_timm_resnet(config, "test"); }

TEST(Timm, ConfigsAreRead) {
  Json config = config_of("resnet34.a1_in1k");  // the tag says how it was trained
  EXPECT_TRUE(cnn::is_timm(config));
  EXPECT_EQ(read(config).layers, (std::vector<int64_t>{3, 4, 6, 3}));
  EXPECT_FALSE(read(config).bottleneck);
  EXPECT_EQ(read(config).labels, (std::vector<std::string>{"0", "1"}));
  config["pretrained_cfg"]["input_size"] = {1, 64, 64};
  EXPECT_EQ(read(config).in_channels, 1);
  config["model_args"] = {{"in_chans", 4}, {"drop_rate", 0.1}};
  EXPECT_EQ(read(config).in_channels, 4);
  config["label_names"] = {"cat", "dog"};
  EXPECT_EQ(read(config).labels, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_TRUE(read(config_of("resnet152")).bottleneck);
  const auto vgg = cnn::read_timm_vgg(config_of("vgg13_bn"), "test");
  EXPECT_EQ(vgg.features.layers,
            (std::vector<int64_t>{64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0}));
  EXPECT_TRUE(vgg.features.batch_norm);
  EXPECT_EQ(vgg.middle, 4096);
}

TEST(Timm, ConfigsThatAreWrongAreNamed) {
  const auto expect = [](const std::function<void(Json&)>& edit, const std::vector<std::string>& parts) {
    Json config = config_of("resnet18");
    edit(config);
    expect_user_error([&] { read(config); }, parts);
  };
  expect([](Json& c) { c["global_pool"] = "max"; }, {"global_pool", "\"max\""});
  expect([](Json& c) { c["model_args"] = {{"output_stride", 8}}; }, {"model_args", "output_stride"});
  expect([](Json& c) { c["model_args"] = {{"mlp_ratio", 0.5}}; }, {"model_args", "mlp_ratio"});
  expect([](Json& c) { c["model_args"] = {{"global_pool", "avgmax"}}; }, {"global_pool", "avgmax"});
  expect([](Json& c) { c["num_classes"] = 0; }, {"num_classes", "0"});
  expect([](Json& c) { c["label_names"] = {"cat"}; }, {"label_names", "2 classes", "1 names"});
  expect([](Json& c) { c["pretrained_cfg"]["input_size"] = {3, 64}; }, {"input_size", "3 entries"});
  Json vgg = config_of("vgg16");
  vgg["model_args"] = {{"mlp_ratio", 1e-9}};
  expect_user_error([&] { cnn::read_timm_vgg(vgg, "test"); }, {"mlp_ratio", "4096"});
}

TEST(Timm, WhatIsNotSupportedIsNamed) {
  for (const char* name :
       {"resnet50d", "resnext50_32x4d", "vgg16_gn", "vgg", "efficientnet_b0", "vit_tiny_patch16_224"}) {
    EditedModel model;
    model.config = config_of(name);
    model.tensors["weight"] = at::zeros({1});
    expect_user_error([&] { model.load(); },
                      {"timm's architecture", "'" + std::string(name) + "'", "resnet50", "vgg16_bn"});
  }
  EditedModel model;
  model.config = config_of("resnet18");
  model.config["model_type"] = "timm_resnet";
  model.tensors["conv1.weight"] = at::zeros({64, 3, 3, 3});
  expect_user_error([&] { model.load(); }, {"conv1.weight", "[64, 3, 7, 7]", "[64, 3, 3, 3]"});
}

}  // namespace
}  // namespace lrpp
