#pragma once

#include <lrpp/framework/methods/method.h>
#include <lrpp/framework/methods/per_graph.h>

namespace lrpp {

struct OcclusionParameters {
  std::string replacement = "zero";  ///< what stands in the place of a token or patch; see replacement.h
  int64_t patch =
      0;  ///< of images, side in pixels; 0: the model's own patches, or a 14th of the shorter side
  int64_t stride = 0;  ///< of images, from patch to patch; 0: the side of a patch
  int64_t batch = 64;  ///< inputs that run through the model together
};

/// Occlusion (Zeiler and Fergus 2014, arXiv:1311.2901): a token or patch is worth what the score loses when
/// it is replaced. A patch's worth lies evenly on its pixels; where patches overlap, each pixel has the mean
/// of those that cover it. Does not conserve.
class Occlusion final : public MethodWith<OcclusionParameters> {
 public:
  /// Throws UserError for parameters out of range.
  explicit Occlusion(OcclusionParameters parameters);
  std::string name() const override { return "occlusion"; }
  std::string rejects(const Model& model) const override;
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;

 private:
  PerGraph<Plan> plans_;
};

}  // namespace lrpp
