#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// Base of elementwise products of two inputs that broadcast against each other.
class Product : public Op {
 public:
  OpKind kind() const final { return OpKind::product; }
  int num_inputs() const final { return 2; }
  bool elementwise() const final { return true; }
  bool nonnegative(const std::vector<bool>& inputs) const final { return inputs.at(0) && inputs.at(1); }
  bool has_explicit_weights() const final { return true; }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim, dim}}; }
  Tensors forward(const Tensors& inputs) const final { return {inputs.at(0) * inputs.at(1)}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const final;
  /// The view in one factor with the other held.
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const final;
  Needs linear_map_needs(int data_input) const final { return Needs::only_inputs({1 - data_input}); }
};

/// The product of two values.
class Mul final : public Product {
 public:
  std::string_view type() const override { return "mul"; }
};

/// The product of a branch (input 0) and its gate (input 1).
class Gate final : public Product {
 public:
  std::string_view type() const override { return "gate"; }
};

}  // namespace lrpp::ops
