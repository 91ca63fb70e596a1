#pragma once

#include <lrpp/framework/op.h>

#include <functional>

namespace lrpp::testing {

/// The op in plain LibTorch, differentiable: the oracle of its forward pass and of its vector-Jacobian
/// product.
using Oracle = std::function<Tensors(const Tensors&)>;

/// Holds the op's forward pass and `vjp` against the oracle and torch::autograd on random inputs of these
/// sizes, with random gradients at the outputs, and with each output's gradient missing in turn. Only what
/// `vjp_needs` declares is kept. `tolerance` is relative to the largest entry. Outputs that are indices,
/// which the oracle may leave out at the end, are not looked at.
void check_against_autograd(const Op& op, const Oracle& oracle, const Tensors& inputs, double tolerance);

/// Holds the op's linear view in `data_input` against autograd with the other inputs detached: W x + b must
/// be the output, and W^T m the gradient, of `held_oracle`, in which everything that the view holds is
/// detached.
void check_linear_view(const Op& op, const Oracle& held_oracle, const Tensors& inputs, int data_input,
                       double tolerance);

}  // namespace lrpp::testing
