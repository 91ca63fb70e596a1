#pragma once

#include <lrpp/framework/methods/probe.h>

namespace lrpp::evaluation {

/// A model that is asked what it says of changed inputs: pixels, or the embeddings that its token ids stand
/// for. Made once, it runs any number of inputs.
class ValueModel {
 public:
  /// `model` must outlive it.
  explicit ValueModel(const Model& model);

  const Model& model() const { return model_; }
  /// The model with a graph that takes such values: for methods that explain changed inputs. See inputs_with.
  const Model& fed() const { return fed_; }

  /// What the inputs stand for: embeddings [B,T,D] or pixels [B,C,H,W].
  Tensor values(const Inputs& inputs) const;
  /// The inputs with values of their own, for `fed()`.
  Inputs inputs_with(Inputs inputs, const Tensor& values) const;
  /// Logits [B, C] of those inputs.
  Tensor logits(const Inputs& inputs) const;

 private:
  const Model& model_;
  Model fed_;
  std::string name_;  ///< of the input that takes values
  Plan plan_;
};

/// The rows of every input that these examples have: example [N] int64.
Inputs rows_of(const Inputs& inputs, const Tensor& example);

}  // namespace lrpp::evaluation
