#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct FlattenAttributes {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
};

/// Joins the dimensions from start_dim to end_dim into one, as torch.nn.Flatten. The output is a view where
/// it can be. Dimension 0 is the batch and stays: ledgers are per example.
class Flatten final : public Wiring {
 public:
  /// Throws UserError for a start_dim of 0.
  explicit Flatten(FlattenAttributes attributes = {});
  std::string_view type() const override { return "flatten"; }
  bool routes() const override { return true; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  FlattenAttributes attributes_;
};

struct PermuteAttributes {
  std::vector<int64_t> dims;  ///< dims[i] is the input's dimension that becomes the output's dimension i
};

/// Reorders the dimensions, as torch.permute; the output is a view. Dimension 0 is the batch and stays.
class Permute final : public Wiring {
 public:
  /// Throws UserError unless `dims` holds each of 0 ... n-1 once and begins with 0.
  explicit Permute(PermuteAttributes attributes);
  std::string_view type() const override { return "permute"; }
  bool routes() const override { return true; }
  /// Throws UserError for an input of another number of dimensions.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  PermuteAttributes attributes_;
  std::vector<int64_t> inverse_;
};

}  // namespace lrpp::ops
