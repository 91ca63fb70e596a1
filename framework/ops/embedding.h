#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct EmbeddingAttributes {
  double scale = 1;  ///< of what was looked up, rounded to the table's dtype: sqrt(D) in Gemma
};

/// Looks rows of a table up: ids [B,T] int64 -> [B,T,D]. A source: relevance ends at its output, after the
/// scale.
class Embedding final : public Op {
 public:
  /// weight: [V, D].
  explicit Embedding(Tensor weight, EmbeddingAttributes attributes = {});
  std::string_view type() const override { return "embedding"; }
  OpKind kind() const override { return OpKind::source; }
  /// Throws UserError for an id outside [0, V).
  Tensors forward(const Tensors& inputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }
  NamedTensors weights() const override { return {{"weight", weight_}}; }

 private:
  Tensor weight_;
  EmbeddingAttributes attributes_;
};

}  // namespace lrpp::ops
