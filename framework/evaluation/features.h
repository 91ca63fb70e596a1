#pragma once

#include <lrpp/framework/explain.h>
#include <lrpp/framework/model.h>

namespace lrpp::evaluation {

/// What counts as a feature of examples that are measured together: tokens of a text, or square patches of a
/// picture. Every example has as many.
struct Features {
  Tensor tokens;  ///< of texts: the positions of those tokens, [F] int64, ascending
  int64_t patch =
      0;  ///< of pictures: side of a patch in pixels; patches at the right and lower edge may be cut

  /// The relevance of features: [R, F]. A token's is summed over its channels, a patch's over its pixels and
  /// channels. Throws UserError where the attribution does not tell features apart.
  Tensor relevance(const Attribution& attribution) const;
};

/// The side of the patches that a picture is measured in where none is asked for: the model's own where it
/// cuts its pixels into squares, else a 14th of the shorter side, and 1 at least.
int64_t default_patch(const Model& model, int64_t height, int64_t width);

/// Sums over patches: [N, C, H, W] -> [N, F], row by row.
Tensor sum_patches(const Tensor& pixels, int64_t patch);
/// Spreads features over the pixels of their patches: [N, F] -> [N, 1, H, W].
Tensor spread_patches(const Tensor& features, int64_t patch, int64_t height, int64_t width);

}  // namespace lrpp::evaluation
