#pragma once

#include <lrpp/plugins/mamba/kernels/conv1d_reference.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <lrpp/tests/support/graph_autograd.h>

namespace lrpp::testing {

/// A node's forward pass for `autograd_of_graph` in graphs with a selective scan or a convolution, which
/// autograd does not record: their references stand in for the kernels.
inline Tensors differentiable_forward(const Node& node, const Tensors& inputs) {
  const NamedTensors weights = node.op->weights();
  if (node.op->type() == "conv1d") {
    const Tensor taps = weights.at(0).second.squeeze(1).t();
    const Tensor bias = weights.size() > 1 ? weights[1].second : Tensor();
    return {mamba::conv1d_reference(inputs.at(0), taps, bias, /*silu=*/false)};
  }
  if (node.op->type() != "selective_scan") return node.op->forward(inputs);
  const Tensor A = -weights.at(0).second.exp();
  return {mamba::selective_scan_reference(inputs.at(0), inputs.at(1), A, inputs.at(2), inputs.at(3),
                                          weights.at(1).second)};
}

}  // namespace lrpp::testing
