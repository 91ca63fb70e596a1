#pragma once

#include <lrpp/tests/plugins/mamba/reference_attention.h>
#include <lrpp/tests/plugins/mamba/reference_pieces.h>
#include <lrpp/tests/plugins/mamba/reference_ssm.h>

#include <filesystem>
#include <set>
#include <string>

namespace lrpp::testing {

/// The Mamba family in plain LibTorch, as slow and literal as the papers: the oracle of the adapters, of the
/// plain gradient (by autograd) and of MambaLRP (by autograd with the held tensors detached). It knows the
/// model types mamba, falcon_mamba, mamba2, jamba, bamba, zamba2 and nemotron_h. It shares no code with the
/// library but the readers of config.json and safetensors.
class ReferenceMamba {
 public:
  /// Reads a Hugging Face checkpoint in float64.
  explicit ReferenceMamba(const std::filesystem::path& directory);

  Tensor embed(const Tensor& ids) const;
  /// embeddings [B,T,D] -> logits [B,T,C]. silu_stabilizer as the authors' code has it; 0 takes the exact
  /// factor.
  Tensor logits(const Tensor& embeddings, const std::set<Held>& held, double silu_stabilizer = 0) const;
  /// Gradient of sum_b logits[b, position_b, target_b] at the embeddings.
  Tensor gradient(const Tensor& ids, const Tensor& position, const Tensor& target, const std::set<Held>& held,
                  double silu_stabilizer = 0) const;

 private:
  /// `config[name]`, or `otherwise` where it is absent or null.
  template <class T>
  T option(const char* name, T otherwise) const {
    return config_.contains(name) && !config_[name].is_null() ? config_[name].get<T>() : otherwise;
  }
  std::string layer_type(int64_t i) const;
  ReferenceMamba1 mamba1_sizes() const;
  ReferenceMamba2 mamba2_sizes() const;
  ReferenceAttention attention_sizes() const;

  Tensor layer(const ReferencePieces& pieces, const Tensor& x, int64_t i) const;
  Tensor decoder_layer(const ReferencePieces& pieces, const Tensor& x, int64_t i) const;
  Tensor zamba_layer(const ReferencePieces& pieces, const Tensor& x, const Tensor& embeddings,
                     int64_t i) const;
  Tensor shared_block(const ReferencePieces& pieces, const Tensor& x, const Tensor& embeddings,
                      int64_t i) const;
  Tensor mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix) const;
  Tensor attention(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix) const;
  Tensor jamba_experts(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix) const;
  Tensor nemotron_experts(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix) const;

  Json config_;
  ReferenceWeights weights_;
  std::string type_, base_;  ///< base_: what the layers' names begin with, "backbone." or "model."
  int64_t layers_;
  double epsilon_;
};

}  // namespace lrpp::testing
