#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp::rules {

/// Folds each batch norm into the conv2d or linear layer whose only reader it is: weight * gain, and
/// shift + gain * bias, with gain = gamma / sqrt(variance + eps) and shift = beta - gain * mean. The sums are
/// made in float64. Rules then see one layer (Guillemot et al. 2020, arXiv:2002.11018).
/// The layer keeps its name and the batch norm's node goes. A batch norm after anything else, or after a
/// layer with several readers, stays. A linear layer before a batch norm is taken to answer [B, O].
Canonizer merge_batch_norm();

/// Takes dropout nodes out: a trained model passes everything through them.
Canonizer remove_dropout();

void register_canonizers(Registry& registry);

}  // namespace lrpp::rules
