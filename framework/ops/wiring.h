#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// Base of ops that move, select and add values without weights. They are linear in all inputs together once
/// a selection is made, and `vjp` is the exact transpose.
class Wiring : public Op {
 public:
  OpKind kind() const final { return OpKind::wiring; }
  Needs vjp_needs() const override { return Needs::nothing(); }

 protected:
  /// `grad_outputs` with zeros in place of what did not arrive.
  Tensors filled(const Kept& kept, const Tensors& grad_outputs) const;
};

/// The sum of two inputs that broadcast against each other; mixed dtypes promote.
class Add final : public Wiring {
 public:
  std::string_view type() const override { return "add"; }
  bool elementwise() const override { return true; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0) && inputs.at(1); }
  int num_inputs() const override { return 2; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0) + inputs.at(1)}; }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim, dim}}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
};

struct SplitAttributes {
  std::vector<int64_t> sizes;
  int64_t dim = -1;
};

/// Cuts one dimension into consecutive parts, one output each. The outputs are views.
class Split final : public Wiring {
 public:
  explicit Split(SplitAttributes attributes);
  std::string_view type() const override { return "split"; }
  bool routes() const override { return true; }
  int num_outputs() const override { return static_cast<int>(attributes_.sizes.size()); }
  /// Not through the dimension that it cuts. One that is counted from the end is not known, but for the last,
  /// where features are.
  std::optional<std::vector<int>> picks_through(int dim) const override;
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

  const std::vector<int64_t>& sizes() const { return attributes_.sizes; }
  int64_t dim() const { return attributes_.dim; }

 private:
  SplitAttributes attributes_;
};

/// Takes one token of each example, or as many of each: hidden [B,T,D], position [B P] int64 -> [B P,D].
class SelectToken final : public Wiring {
 public:
  std::string_view type() const override { return "select_token"; }
  bool routes() const override { return true; }
  int num_inputs() const override { return 2; }
  /// Throws UserError for a position outside [0, T).
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::only_inputs({1}); }
};

struct CastAttributes {
  std::string dtype = "float32";
};

/// Changes the dtype and nothing else: for residual streams that are kept wider than the weights.
class Cast final : public Wiring {
 public:
  /// Throws UserError for an unknown dtype name.
  explicit Cast(CastAttributes attributes = {});
  std::string_view type() const override { return "cast"; }
  bool routes() const override { return true; }
  bool elementwise() const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0).to(dtype_)}; }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim}}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  CastAttributes attributes_;
  at::ScalarType dtype_;
};

}  // namespace lrpp::ops
