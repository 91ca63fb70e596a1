#pragma once

#include <lrpp/framework/methods/method.h>
#include <lrpp/framework/methods/per_graph.h>

namespace lrpp {

struct RandomParameters {
  int64_t seed = 0;
};

/// Relevance by chance, uniform in [-1, 1) for each token, or for each pixel and channel: what every other
/// method must beat. The same input gets the same relevance in any batch.
class RandomMethod final : public MethodWith<RandomParameters> {
 public:
  using MethodWith::MethodWith;
  std::string name() const override { return "random"; }
  std::string rejects(const Model& model) const override { return {}; }
  /// Throws UserError for Start::one too: there is nothing that relevance could start from.
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;

 private:
  PerGraph<Plan> plans_;
};

/// For methods whose relevance does not start from the output.
void require_no_start(const Method& method, Start start);

}  // namespace lrpp
