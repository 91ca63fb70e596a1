#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// A tensor that the caller feeds. It is never computed: the forward pass puts the tensor in its place.
class Input final : public Op {
 public:
  std::string_view type() const override { return "input"; }
  OpKind kind() const override { return OpKind::source; }
  int num_inputs() const override { return 0; }
  Tensors forward(const Tensors&) const override { LRPP_ASSERT(false, "an input node is never computed"); }
};

}  // namespace lrpp::ops
