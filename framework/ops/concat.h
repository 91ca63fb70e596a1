#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct ConcatAttributes {
  int64_t inputs = 2;
  int64_t dim = 1;
};

/// Lays its inputs one after the other along one dimension.
class Concat final : public Wiring {
 public:
  /// Throws UserError unless there is at least one input.
  explicit Concat(ConcatAttributes attributes = {});
  std::string_view type() const override { return "concat"; }
  bool routes() const override { return true; }
  int num_inputs() const override { return static_cast<int>(attributes_.inputs); }
  Tensors forward(const Tensors& inputs) const override { return {at::cat(inputs, attributes_.dim)}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  ConcatAttributes attributes_;
};

struct SelectIndexAttributes {
  int64_t index = 0;
};

/// Takes the same token of every example, such as the class token: [B,T,D] -> [B,D].
class SelectIndex final : public Wiring {
 public:
  explicit SelectIndex(SelectIndexAttributes attributes = {}) : attributes_(attributes) {}
  std::string_view type() const override { return "select_index"; }
  bool routes() const override { return true; }
  /// Throws UserError for an index outside [0, T).
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  SelectIndexAttributes attributes_;
};

}  // namespace lrpp::ops
