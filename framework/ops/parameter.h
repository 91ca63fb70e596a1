#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// A learned tensor that enters the graph as a value: [1, ...] -> [B, ...], where B is the batch of its one
/// input. A class token, the position embeddings of a model that sees. A source: relevance ends here.
class Parameter final : public Op {
 public:
  /// value: [1, ...].
  explicit Parameter(Tensor value);
  std::string_view type() const override { return "parameter"; }
  OpKind kind() const override { return OpKind::source; }
  Tensors forward(const Tensors& inputs) const override;
  NamedTensors weights() const override { return {{"value", value_}}; }

 private:
  Tensor value_;
};

}  // namespace lrpp::ops
