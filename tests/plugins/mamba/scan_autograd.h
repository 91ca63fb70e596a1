#pragma once

#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <lrpp/tests/support/graph_autograd.h>

namespace lrpp::testing {

/// A node's forward pass for `autograd_of_graph` in graphs with a selective scan, which autograd does not
/// record: its reference, token by token, stands in for the kernel.
inline Tensors differentiable_forward(const Node& node, const Tensors& inputs) {
  if (node.op->type() != "selective_scan") return node.op->forward(inputs);
  const NamedTensors weights = node.op->weights();
  const Tensor A = -weights.at(0).second.exp();
  return {mamba::selective_scan_reference(inputs.at(0), inputs.at(1), A, inputs.at(2), inputs.at(3),
                                          weights.at(1).second)};
}

}  // namespace lrpp::testing
