#pragma once

#include <lrpp/framework/tensor.h>

#include <filesystem>
#include <set>
#include <string>

namespace lrpp::testing {

/// The rules of MambaLRP that `ReferenceMamba` can apply, each by detaching what the paper holds constant.
enum class Held { ssm, gate, silu, norm };

/// Mamba in plain LibTorch, as slow and literal as the paper: the oracle of the adapters, of the plain
/// gradient (by autograd) and of MambaLRP (by autograd with the held tensors detached). It shares no code
/// with the library but the safetensors reader.
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
  Tensor weight(const std::string& name) const;
  Tensor mixer(const Tensor& x, const std::string& prefix, const std::set<Held>& held,
               double stabilizer) const;

  std::map<std::string, Tensor> weights_;
  int64_t layers_;
  double epsilon_;
};

}  // namespace lrpp::testing
