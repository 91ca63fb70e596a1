#pragma once

#include <lrpp/framework/methods/gradients.h>

namespace lrpp {

struct IntegratedGradientsParameters {
  std::string baseline = "zero";  ///< see replacement.h
  int64_t steps = 50;
  std::string rule = "gauss-legendre";  ///< or "midpoint": where the path is sampled
  /// 1: evenly along the way. Above, points crowd near the baseline, at the place t^power for an even t: what
  /// divides by its size, as norms do, turns sharply next to a zero embedding.
  double power = 1;
  /// How far the sum may be from F(x) - F(baseline), as a share of it: an error beyond. Unset: recorded only.
  std::optional<double> tolerance = {};
  int64_t batch = 32;  ///< inputs that run through the model together
};

/// Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365): (x - b) times the mean gradient on the
/// straight line from a baseline b to the input, at embeddings or pixels. Complete in the limit of many
/// steps: the sum is F(x) - F(b). How nearly it is stands in the attribution's facts, under `completeness`:
/// of each row the difference F(x) - F(b) and the sum, and the largest gap as a share of the difference.
class IntegratedGradients final : public MethodWith<IntegratedGradientsParameters> {
 public:
  /// gradient: the composite of that name. Throws UserError for parameters out of range.
  IntegratedGradients(IntegratedGradientsParameters parameters, Composite gradient);
  std::string name() const override { return "integrated-gradients"; }
  std::string rejects(const Model& model) const override { return gradients_.rejects(model); }
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;

 private:
  Gradients gradients_;
};

/// Where a rule samples [0, 1], and the weights, whose sum is 1.
struct Quadrature {
  std::vector<double> points, weights;
};
Quadrature midpoint(int64_t count);
/// The same integral with t^power put in the place of t.
Quadrature crowded(Quadrature even, double power);
/// Exact for polynomials up to degree 2 count - 1.
Quadrature gauss_legendre(int64_t count);

}  // namespace lrpp
