#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct SplitHeadsAttributes {
  int64_t heads = 1;
};

/// Cuts the channels of each token into heads: [B,T,H*d] -> [B,H,T,d], a view.
class SplitHeads final : public Wiring {
 public:
  /// Throws UserError unless there is at least one head.
  explicit SplitHeads(SplitHeadsAttributes attributes);
  std::string_view type() const override { return "split_heads"; }
  bool routes() const override { return true; }
  /// Throws UserError where the channels cannot be cut evenly.
  Tensors forward(const Tensors& inputs) const override;
  std::optional<std::vector<int>> picks_through(int dim) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  SplitHeadsAttributes attributes_;
};

/// The way back: [B,H,T,d] -> [B,T,H*d].
class MergeHeads final : public Wiring {
 public:
  std::string_view type() const override { return "merge_heads"; }
  bool routes() const override { return true; }
  Tensors forward(const Tensors& inputs) const override;
  std::optional<std::vector<int>> picks_through(int dim) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
};

}  // namespace lrpp::ops
