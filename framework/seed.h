#pragma once

#include <lrpp/framework/tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// Finds the class that a user's word stands for; nothing where there is none.
using LabelLookup = std::function<std::optional<int64_t>(std::string_view)>;

/// Which output is explained, as `--target` writes it: "argmax", "input" (given with the inputs), an index, a
/// label, or "A-B", the difference of two of those. Resolved per example.
struct TargetIndex {
  Tensor target;    ///< [B] int64
  Tensor contrast;  ///< [B] int64, what is subtracted; undefined for a single target
};

/// logits: [B, C]; given: the inputs' own target [B] or undefined. Throws UserError for an index outside
/// [0, C), an unknown label (listing `labels`), or "input" where the inputs have none.
TargetIndex resolve_target(std::string_view target, const Tensor& logits, const Tensor& given,
                           const std::vector<std::string>& labels, const LabelLookup& lookup);

/// The relevance put on the target: its logit (or the difference of the two logits), or one.
enum class Start { logit, one };
Start start_from_name(std::string_view name);
std::string_view to_string(Start start);

/// The multiplier [B, C] that starts the walk: 1 at the target and -1 at the contrast, divided by what they
/// multiply where the start is one. Throws UserError where that would divide by zero.
Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start);

/// logit[target] - logit[contrast]: [B].
Tensor target_score(const Tensor& logits, const TargetIndex& index);

/// Which token's output is explained, as `--position` writes it: "last" (the last real token), "first", or an
/// index. lengths: [B] int64, the real tokens of each example -> [B] int64. Throws UserError outside of them.
Tensor resolve_position(std::string_view position, const Tensor& lengths);

}  // namespace lrpp
