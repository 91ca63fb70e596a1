#pragma once

#include <lrpp/framework/late_checks.h>
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
/// label, or "A-B", the difference of two of those. Resolved for each explanation, R of them.
struct TargetIndex {
  Tensor target;    ///< [R] int64
  Tensor contrast;  ///< [R] int64, what is subtracted, -1 for nothing; undefined where nothing is anywhere
};

/// logits: [N, C]; given: the inputs' own target [N] or undefined -> R = N. Throws UserError for an index
/// outside [0, C), an unknown label (listing `labels`), or "input" where the inputs have none.
TargetIndex resolve_target(std::string_view target, const Tensor& logits, const Tensor& given,
                           const std::vector<std::string>& labels, const LabelLookup& lookup);

/// Several targets of each row of logits, or "all", every class -> R = N K, the K targets of a row side by
/// side. Throws UserError as resolve_target and check_targets do, and where two words stand for one class.
TargetIndex resolve_targets(const std::vector<std::string>& targets, const Tensor& logits,
                            const Tensor& given, const std::vector<std::string>& labels,
                            const LabelLookup& lookup);

/// What is wrong with a list of targets before there are logits: no target, one that is there twice, "all"
/// beside others, or "all" of a language model, which has no `labels` and so many `outputs`.
void check_targets(const std::vector<std::string>& targets, const std::vector<std::string>& labels,
                   int64_t outputs);

/// The relevance put on the target: its logit (or the difference of the two logits), or one.
enum class Start { logit, one };
Start start_from_name(std::string_view name);
std::string_view to_string(Start start);

/// The multiplier [R, C] that starts the walk: 1 at the target and -1 at the contrast, divided by what they
/// multiply where the start is one. Throws UserError where that would divide by zero.
Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start);
/// The same; whether it divides by zero is left to `checks`.
Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start, LateChecks& checks);

/// logit[target] - logit[contrast], of logits [R, C]: [R].
Tensor target_score(const Tensor& logits, const TargetIndex& index);

/// Which token's output is explained, as `--position` writes it: "last" (the last real token), "first", an
/// index, several of those ("0,5,last"), or "all". lengths: [B] int64, the real tokens of each example ->
/// [B P] int64, the P positions of an example side by side. Throws UserError outside of the tokens, for a
/// position that is there twice, and for "all" where lengths differ.
Tensor resolve_position(std::string_view position, const Tensor& lengths);

}  // namespace lrpp
