#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// Looks rows of a table up: ids [B,T] int64 -> [B,T,D]. A source: relevance ends at its output.
class Embedding final : public Op {
 public:
  /// weight: [V, D].
  explicit Embedding(Tensor weight);
  std::string_view type() const override { return "embedding"; }
  OpKind kind() const override { return OpKind::source; }
  /// Throws UserError for an id outside [0, V).
  Tensors forward(const Tensors& inputs) const override;
  NamedTensors weights() const override { return {{"weight", weight_}}; }

 private:
  Tensor weight_;
};

}  // namespace lrpp::ops
