#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct DropoutAttributes {
  double p = 0.5;  ///< the share of values that training drops
};

/// Passes everything: a trained model drops nothing. It stands in graphs so that their nodes are the modules
/// that users know; the canonizer `remove-dropout` takes it out.
class Dropout final : public Wiring {
 public:
  explicit Dropout(DropoutAttributes attributes = {}) : attributes_(attributes) {}
  std::string_view type() const override { return "dropout"; }
  bool routes() const override { return true; }
  bool elementwise() const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return inputs; }
  Tensors vjp(const Kept&, const Tensors& grad_outputs) const override { return grad_outputs; }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  DropoutAttributes attributes_;
};

}  // namespace lrpp::ops
