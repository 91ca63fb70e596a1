#pragma once

#include <lrpp/framework/rule.h>

#include <vector>

namespace lrpp::rules {

/// Base of rules for the layer that reads the input. They give relevance to zero inputs too, so that they
/// hand out relevance and no multiplier.
class InputRule : public Rule {
 public:
  std::string rejects(const Op& op) const override;
  bool reaches(const Op& op, int i) const final { return i == 0; }
  std::optional<SignalKind> takes(const Op&) const final { return SignalKind::relevance; }
  SignalKind gives(const Op&) const final { return SignalKind::relevance; }
};

struct FlatParameters {
  double stabilizer = 1e-6;
};

/// Every input that an output sees gets an equal share, whatever its value and weight: R_i = sum_j 1 / n_j
/// R_j with n_j inputs at output j; zeros that pad a convolution are none (Lapuschkin et al. 2019,
/// doi:10.1038/s41467-019-08987-4). Conserves but for the stabiliser.
class Flat final : public InputRule {
 public:
  using ParameterStruct = FlatParameters;
  /// Throws UserError unless the stabilizer is above 0.
  explicit Flat(FlatParameters parameters = {});
  std::string_view name() const override { return "flat"; }
  Json parameters() const override { return to_json_value(parameters_); }
  Needs needs(const Op& op) const override { return op.linear_map_needs(); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;

 private:
  FlatParameters parameters_;
};

struct WSquareParameters {
  double stabilizer = 1e-6;
  bool zero_bias = false;
};

/// Shares by squared weights, whatever the values: R_i = sum_j w_ij^2 / (sum_i w_ij^2 + b_j^2) R_j (Montavon
/// et al. 2017, doi:10.1016/j.patcog.2016.11.008, eq. 13). Conserves but for bias and stabiliser.
class WSquare final : public InputRule {
 public:
  using ParameterStruct = WSquareParameters;
  /// Throws UserError unless the stabilizer is above 0.
  explicit WSquare(WSquareParameters parameters = {});
  std::string_view name() const override { return "w-square"; }
  Json parameters() const override { return to_json_value(parameters_); }
  Needs needs(const Op& op) const override { return op.linear_map_needs(); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;

 private:
  WSquareParameters parameters_;
};

struct ZBoxParameters {
  std::vector<double> low, high;  ///< bounds of the input: one number, or one for each channel
  double stabilizer = 1e-6;
};

/// For inputs between bounds l and h, as pixels are: R_i = sum_j (x_i w_ij - l_i w_ij^+ - h_i w_ij^-) / z_j
/// R_j, z the sum of the numerators (Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008, eq. 15).
/// Channels are dimension 1 of images [B,C,H,W], else the last dimension. Conserves but for the stabiliser.
class ZBox final : public InputRule {
 public:
  using ParameterStruct = ZBoxParameters;
  /// Throws UserError for bounds of different lengths, a low above its high, and a stabilizer that is not
  /// above 0. Without bounds it serves no op.
  explicit ZBox(ZBoxParameters parameters = {});
  std::string_view name() const override { return "z-box"; }
  Json parameters() const override { return to_json_value(parameters_); }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override;
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;

 private:
  struct Box;
  Box make_box(const Op& op, const Kept& kept) const;

  ZBoxParameters parameters_;
};

}  // namespace lrpp::rules
