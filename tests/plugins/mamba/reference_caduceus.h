#pragma once

#include <lrpp/tests/plugins/mamba/reference_pieces.h>

#include <filesystem>
#include <string>

namespace lrpp::testing {

/// Caduceus in plain LibTorch, written as its authors lay it out: both strands side by side in the channels
/// [B,T,2D], each layer a wrapper that turns the second half round and back. The oracle of the adapter and,
/// by autograd with what MambaLRP holds detached, of its relevance. It shares no code with the library but
/// the readers of files.
class ReferenceCaduceus {
 public:
  /// Reads a checkpoint in float64. `held`: detach what MambaLRP holds.
  ReferenceCaduceus(const std::filesystem::path& directory, bool held);
  // The pieces refer to the weights.
  ReferenceCaduceus(const ReferenceCaduceus&) = delete;
  ReferenceCaduceus& operator=(const ReferenceCaduceus&) = delete;

  /// ids [B,T] -> [B,T,D] or [B,T,2D].
  Tensor embed(const Tensor& ids) const;
  /// What `embed` gives -> [B,C] of a classifier, [B,T,V] of a language model.
  Tensor logits(const Tensor& embeddings) const;
  /// The gradient at the embeddings of sum_b logits[b, target_b], at `position` of a language model.
  Tensor gradient(const Tensor& ids, int64_t position, const Tensor& target) const;
  bool classifies() const { return weights_.contains("score.weight"); }

 private:
  Tensor norm(const Tensor& x, const std::string& name) const;
  Tensor mixer(const Tensor& x, const std::string& name) const;

  Json config_;
  ReferenceWeights weights_;
  ReferencePieces pieces_;
  bool strands_, fused_;
};

}  // namespace lrpp::testing
