#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// Whether the op has one linear view: in its data input with the rest held, or (wiring) in all its inputs.
/// Products have one view for each factor and need a rule that chooses.
bool has_linear_view(const Op& op);

/// Why `rule`, which tells weights apart by their sign, cannot serve the op; empty where it can.
std::string lacks_signed_weights(std::string_view rule, const Op& op);

/// What `transpose_view` reads.
Needs linear_view_needs(const Op& op);

/// Multipliers at the outputs -> at the inputs, by the transpose of the op's linear view.
Tensors transpose_view(const Op& op, const Kept& kept, const Tensors& outputs);

/// Inputs that the view carries signals to.
bool linear_view_reaches(const Op& op, int input);

/// The view's bias, broadcastable to the output; undefined where there is none.
Tensor view_bias(const Op& op, const Kept& kept);

/// The relevance that the view's bias takes for these multipliers: [B], undefined where there is no bias.
Tensor bias_share(const Op& op, const Kept& all, const Tensors& outputs);

}  // namespace lrpp::rules
