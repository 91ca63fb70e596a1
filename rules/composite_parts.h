#pragma once

#include <lrpp/framework/composite.h>
#include <lrpp/framework/registry.h>

namespace lrpp::rules {

/// Matchers and entries that the composites of this folder are made of.
inline Match of_kind(std::vector<OpKind> kinds) { return {.kind = std::move(kinds)}; }
inline Match of_op(std::vector<std::string> types) { return {.op = std::move(types)}; }

/// What the ops of attention, gates and state spaces get where a composite has nothing special for them:
/// products halved, softmax by its Taylor form, everything but the data held.
std::vector<Composite::Entry> product_entries();

/// LRP-0 on what only moves, selects and adds values.
Composite::Entry wiring_entry();

/// Activations under the identity rule. Those that are not 0 at 0 have no factor: softplus, clamp and sigmoid
/// make time steps and the shares of experts, which nothing reaches unless a rule lets relevance into them.
/// stabilizer: of the identity rule.
std::vector<Composite::Entry> identity_entries(double stabilizer = 0);

void add_entries(Composite& composite, const std::vector<Composite::Entry>& entries);

/// The composites of each file.
void register_general_composites(Registry& registry);
void register_cnn_composites(Registry& registry);
void register_transformer_composites(Registry& registry);

}  // namespace lrpp::rules
