#pragma once

#include <lrpp/framework/graph.h>
#include <lrpp/framework/registry.h>
#include <lrpp/framework/walk.h>

#include <string>

namespace lrpp::testing {

/// Runs any op as a graph of one node whose real inputs each come from an `input` node of their own ("x0",
/// ...), with input `attributed` read out.
Graph single_op_graph(const OpPtr& op, int attributed = 0);

/// A two-layer perceptron x [B, 4] -> linear "first" -> activation "act" -> linear "second" [B, 3] with
/// biases.
Graph perceptron(const OpPtr& activation);

/// A composite of the registry, with the arguments that it cannot do without.
Composite make_any_composite(const Registry& registry, const std::string& name);

/// A composite with one entry that matches everything.
Composite uniform_composite(const RulePtr& rule);

}  // namespace lrpp::testing
