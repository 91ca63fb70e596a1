#pragma once

#include <lrpp/framework/graph.h>

#include <functional>
#include <map>
#include <string>

namespace lrpp::testing {

/// What a node computes in the differentiable run of a graph, from its inputs. May detach what a rule holds.
using NodeForward = std::function<Tensors(const Node& node, const Tensors& inputs)>;

/// torch::autograd through the `forward` of every op: the gradient of sum(output * seed) at
/// `graph.attributed()`. It shares nothing with the ops' own `vjp` and nothing with the walk. `compute`
/// (default: the op's forward) may hold tensors constant, which turns it into an oracle of the rules that do.
Tensor autograd_of_graph(const Graph& graph, const std::map<std::string, Tensor>& inputs, const Tensor& seed,
                         const NodeForward& compute = {});

}  // namespace lrpp::testing
