#pragma once

#include <lrpp/framework/ops/wiring.h>

#include <mutex>
#include <utility>

namespace lrpp::ops {

struct RopeAttributes {
  int64_t dim = 0;  ///< so many entries of a head turn, the first ones; the others stay. Even
  double theta = 10000;
  std::string scaling = "default";  ///< "default", "linear", "dynamic", "llama3" or "yarn"
  double factor = 1;                ///< all but "default": how much longer the context was made
  int64_t trained_positions = 0;    ///< "dynamic", "llama3", "yarn": the context before that
  double low_freq_factor = 1;       ///< "llama3"
  double high_freq_factor = 4;      ///< "llama3"
  double beta_fast = 32;            ///< "yarn"
  double beta_slow = 1;             ///< "yarn"
  double attention_factor = 1;      ///< "yarn": queries and keys grow by it
};

/// Angle per position of each pair of entries: [dim / 2] float64. Default: theta^(-2i/dim) (Su et al.,
/// arXiv:2104.09864, equation 15); linear: that over `factor` (Chen et al., arXiv:2306.15595); dynamic: theta
/// grown with the number of tokens, beyond `trained_positions`; yarn: slow pairs as linear, fast ones as they
/// are, a ramp between them (Peng et al., arXiv:2309.00071, equations 17 to 23); llama3: the same idea with a
/// ramp over wavelengths, as Llama 3.1 does. Throws UserError for attributes out of range.
Tensor rope_frequencies(const RopeAttributes& attributes, int64_t tokens);

/// cos and sin of every position and pair, computed once for a number of tokens. One table serves all the
/// layers of a model; it may be used by several threads.
class RopeTable {
 public:
  explicit RopeTable(RopeAttributes attributes);
  const RopeAttributes& attributes() const { return attributes_; }
  /// {cos, sin}, [T, dim / 2] each, computed in float64.
  std::pair<Tensor, Tensor> at(int64_t tokens, at::ScalarType dtype, at::Device device) const;

 private:
  RopeAttributes attributes_;
  mutable std::mutex mutex_;
  mutable Tensor cos_, sin_;
};

/// Rotary position embedding of queries or keys [B,H,T,d]: entries i and i + dim/2 of token t turn together
/// by t times their frequency. Linear; its transpose turns them back.
class Rope final : public Wiring {
 public:
  explicit Rope(std::shared_ptr<const RopeTable> table) : table_(std::move(table)) {}
  std::string_view type() const override { return "rope"; }
  bool keeps_shape() const override { return true; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(table_->attributes()); }

 private:
  Tensor turned(const Tensor& x, bool back) const;

  std::shared_ptr<const RopeTable> table_;
};

}  // namespace lrpp::ops
