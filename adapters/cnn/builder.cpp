#include <lrpp/adapters/cnn/builder.h>
#include <lrpp/framework/ops/batch_norm.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/shapes.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::cnn {

Builder::Builder(const ModelDirectory& directory, const LoadOptions& options)
    : weights_(directory, options), pixels_(graph_.input("pixel_values")) {
  require(!options.every_position, "load",
          "a classifier of images has no positions; leave every_position out");
}

Value Builder::conv(const std::string& name, const Convolution& c, Value x) {
  const Tensor weight = weights_.take(name + ".weight", {c.out, c.in / c.groups, c.kernel, c.kernel});
  const Tensor bias = c.bias ? weights_.take(name + ".bias", {c.out}) : Tensor();
  const ops::Conv2dAttributes attributes{{c.stride, c.stride}, {c.padding, c.padding}, {1, 1}, c.groups};
  return op(name, std::make_shared<ops::Conv2d>(weight, bias, attributes), x);
}

Value Builder::batch_norm(const std::string& name, int64_t channels, double eps, Value x) {
  const auto take = [&](const char* part) {
    return weights_.take_at_least_float32(name + "." + part, {channels});
  };
  weights_.pass_over(name + ".num_batches_tracked");
  return op(name,
            std::make_shared<ops::BatchNorm>(take("weight"), take("bias"), take("running_mean"),
                                             take("running_var"), ops::BatchNormAttributes{eps}),
            x);
}

Value Builder::layer_norm(const std::string& name, int64_t size, double eps, Value x) {
  const Tensor weight = weights_.take(name + ".weight", {size}), bias = weights_.take(name + ".bias", {size});
  return op(name, std::make_shared<ops::LayerNorm>(weight, bias, ops::NormAttributes{eps}), x);
}

Value Builder::linear(const std::string& name, int64_t in, int64_t out, Value x) {
  const Tensor weight = weights_.take(name + ".weight", {out, in}),
               bias = weights_.take(name + ".bias", {out});
  return op(name, std::make_shared<ops::Linear>(weight, bias), x);
}

Value Builder::max_pool(const std::string& name, ops::MaxPool2dAttributes attributes, Value x) {
  return graph_.add_multi(name, std::make_shared<ops::MaxPool2d>(std::move(attributes)), {x}).at(0);
}

Value Builder::global_pool(const std::string& pool, const std::string& flatten, Value x) {
  return op(flatten, std::make_shared<ops::Flatten>(),
            op(pool, std::make_shared<ops::AdaptiveAvgPool2d>(), x));
}

Value Builder::sum(const std::string& name, Value a, Value b) {
  return graph_.add(name, std::make_shared<ops::Add>(), {a, b});
}

Value Builder::permute(const std::string& name, std::vector<int64_t> dims, Value x) {
  return op(name, std::make_shared<ops::Permute>(ops::PermuteAttributes{std::move(dims)}), x);
}

Model Builder::finish(Value logits, int64_t channels, std::vector<std::string> labels) && {
  weights_.finish();
  Model model;
  model.graph = std::move(graph_).finish(pixels_, logits);
  model.task = "image classifier";
  model.labels = std::move(labels);
  model.image = ImageShape{channels, 0, 0};
  return model;
}

Value add_conv_norm(Builder& builder, const ConvNorm& layer, double eps, Value x) {
  return builder.batch_norm(layer.norm, layer.shape.out, eps, builder.conv(layer.conv, layer.shape, x));
}

Value add_block(Builder& builder, const ResidualBlock& block, double eps, Value x) {
  Value y = x, shortcut = x;
  for (size_t i = 0; i < block.body.size(); ++i) {
    if (i > 0) y = builder.op(block.activations.at(i - 1), block.inner_activation, y);
    y = add_conv_norm(builder, block.body[i], eps, y);
  }
  for (const ConvNorm& layer : block.shortcut) shortcut = add_conv_norm(builder, layer, eps, shortcut);
  return builder.op(block.activation, block.outer_activation, builder.sum(block.sum, y, shortcut));
}

}  // namespace lrpp::cnn
