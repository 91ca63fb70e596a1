#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct PositionIdsAttributes {
  /// If set, positions count from padding_idx + 1 over the tokens that are not padding (their id is not
  /// `padding_idx`), and padding stands at padding_idx, as in RoBERTa. Otherwise they are 0 ... T-1.
  std::optional<int64_t> padding_idx;
};

/// The positions of tokens, from their ids: [B,T] int64 -> [B,T] int64. A source.
class PositionIds final : public Op {
 public:
  explicit PositionIds(PositionIdsAttributes attributes = {}) : attributes_(attributes) {}
  std::string_view type() const override { return "position_ids"; }
  OpKind kind() const override { return OpKind::source; }
  Tensors forward(const Tensors& inputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  PositionIdsAttributes attributes_;
};

}  // namespace lrpp::ops
