#pragma once

#include <lrpp/framework/explain.h>
#include <lrpp/framework/registry.h>

#include <map>
#include <string>
#include <vector>

namespace lrpp::testing {

/// Composites that cannot serve a model, and what the error says of each.
using Refusals = std::map<std::string, std::vector<std::string>>;

/// Holds every node, and the whole, to balance at the tolerance of float64, and each loss to have a name:
/// only rules that do not conserve by definition take a share `by rule`, and only constants hold one.
void expect_balance(const Registry& registry, const Ledger& ledger);

/// An audit under every composite of the registry, and under those of Transformers with other arguments,
/// balances; those of `refusals` are a UserError instead. `options` choose the target.
void expect_balance_under_every_composite(const Registry& registry, const Model& model,
                                          const std::map<std::string, Tensor>& inputs,
                                          const ExplainOptions& options, const Refusals& refusals = {});

}  // namespace lrpp::testing
