#pragma once

#include <lrpp/framework/graph.h>
#include <lrpp/framework/ops/pooling.h>
#include <lrpp/framework/weights.h>

#include <string>
#include <vector>

namespace lrpp::cnn {

/// A square two-dimensional convolution.
struct Convolution {
  int64_t in = 0, out = 0, kernel = 1;
  int64_t stride = 1, padding = 0, groups = 1;
  bool bias = false;
};

/// A classifier of images, while it is put together. Each node has its module's name, under which its tensors
/// lie in the checkpoint.
class Builder {
 public:
  Builder(const ModelDirectory& directory, const LoadOptions& options);

  /// The images [B,C,H,W].
  Value pixels() const { return pixels_; }
  Weights& weights() { return weights_; }

  Value conv(const std::string& name, const Convolution& shape, Value x);
  Value batch_norm(const std::string& name, int64_t channels, double eps, Value x);
  /// Over the last dimension.
  Value layer_norm(const std::string& name, int64_t size, double eps, Value x);
  Value linear(const std::string& name, int64_t in, int64_t out, Value x);
  Value max_pool(const std::string& name, ops::MaxPool2dAttributes attributes, Value x);
  /// The mean of all pixels, and its [B,C,1,1] as [B,C].
  Value global_pool(const std::string& pool, const std::string& flatten, Value x);
  Value sum(const std::string& name, Value a, Value b);
  Value permute(const std::string& name, std::vector<int64_t> dims, Value x);
  Value op(const std::string& name, OpPtr op, Value x) { return graph_.add(name, std::move(op), {x}); }

  /// Throws UserError where the checkpoint holds a tensor that nobody took.
  Model finish(Value logits, int64_t channels, std::vector<std::string> labels) &&;

 private:
  Weights weights_;
  GraphBuilder graph_;
  Value pixels_;
};

/// A convolution, its batch norm, and their names.
struct ConvNorm {
  std::string conv, norm;
  Convolution shape;
};

Value add_conv_norm(Builder& builder, const ConvNorm& layer, double eps, Value x);

/// What a residual block is made of: act(body(x) + shortcut(x)), with an activation between the body's layers
/// (He et al., arXiv:1512.03385, figure 5).
struct ResidualBlock {
  std::vector<ConvNorm> body;
  std::vector<std::string> activations;  ///< names of those between the body's layers, one fewer than these
  OpPtr inner_activation;
  std::vector<ConvNorm> shortcut;  ///< empty: x itself
  std::string sum, activation;     ///< names
  OpPtr outer_activation;
};

Value add_block(Builder& builder, const ResidualBlock& block, double eps, Value x);

}  // namespace lrpp::cnn
