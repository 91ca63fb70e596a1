#pragma once

#include <lrpp/framework/methods/per_graph.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/token_paths.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// How one kind of op lets tokens see each other.
struct TokenMixing {
  std::string op;
  Needs needs;  ///< what `matrix` reads
  /// How much token i (rows) has of token j: [B,T,T]. gradient: of what is explained, at output 0; undefined
  /// where the method takes none.
  std::function<Tensor(const Op& op, const Kept& kept, const Tensor& gradient)> matrix;
};

struct RolloutDescription {
  std::string name;
  std::vector<TokenMixing> mixing;
  std::vector<std::string> needed = {};  ///< one of these ops must be there; none: any of `mixing` will do
  /// The composite of that name, where matrices are weighted by gradients.
  std::optional<Composite> gradient = {};
};

/// Attention rollout (Abnar and Zuidema 2020, arXiv:2005.00928): the matrices of all layers, multiplied from
/// the last to the first, seen from the tokens that answer. Each is (I + A) with rows divided by the sum of
/// their magnitudes, where I stands for the residual stream: of attention that is 0.5 I + 0.5 A. With
/// gradients it is I + A, not divided (Chefer et al. 2021, arXiv:2103.15679, equation 6). It knows what is
/// explained only through gradients, and does not conserve. A layer that mixes tokens in several ways side by
/// side (two directions, two strands) has the mean of their matrices.
class Rollout final : public Method {
 public:
  explicit Rollout(RolloutDescription description) : description_(std::move(description)) {}
  std::string name() const override { return description_.name; }
  std::string rejects(const Model& model) const override;
  /// Throws UserError for Start::one too.
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;

 private:
  struct Layers {
    std::vector<std::vector<Mixer>> mixers;
    Plan forward;
  };
  std::shared_ptr<const Layers> layers(const Model& model) const;
  const TokenMixing& mixing(const Op& op) const;
  /// The matrix of each mixer, by its node: [B,T,T] or [R,T,T]. None where no gradient arrived.
  std::map<int, Tensor> matrices(const Model& model, const Layers& layers, const Probe& probe) const;
  std::map<int, Tensor> weighted_matrices(const Model& model, const Layers& layers, const Probe& probe) const;

  RolloutDescription description_;
  PerGraph<Layers> layers_;
};

/// rows [R,T] times the matrix of a layer that mixes by `mixing` [R,T,T] and has a residual stream beside.
Tensor through_layer(const Tensor& rows, const Tensor& mixing, bool divide);

/// Attention weights, the mean over heads; with a gradient the positive part of gradient times weight.
TokenMixing attention_mixing();

}  // namespace lrpp
