#include <lrpp/framework/ops/norms.h>

namespace lrpp::ops {
namespace {

/// float32 for half types, else the type itself.
at::ScalarType at_least_float(at::ScalarType type) { return at::promote_types(type, at::kFloat); }

class NormView final : public LinearMap {
 public:
  NormView(Tensor gain, Tensor scale, Tensor bias, bool centred, at::ScalarType dtype)
      : gain_(std::move(gain)),
        scale_(std::move(scale)),
        bias_(std::move(bias)),
        centred_(centred),
        dtype_(dtype) {}

  Tensor apply(const Tensor& x) const override {
    return (gain_ * scale_ * (centred_ ? x - x.mean(-1, true) : x)).to(dtype_);
  }
  /// scale (g - mean(g)) with g = gain m, in as few passes over m as there are.
  Tensor transpose(const Tensor& m) const override {
    const Tensor g = m.to(scale_.scalar_type()) * gain_;
    return centred_ ? at::addcmul(-scale_ * g.mean(-1, true), g, scale_) : g * scale_;
  }
  Tensor bias() const override { return bias_; }

 private:
  Tensor gain_, scale_, bias_;
  bool centred_;
  at::ScalarType dtype_;
};

}  // namespace

Norm::Norm(Tensor weight, Tensor bias, bool centred, NormAttributes attributes)
    : weight_(std::move(weight)), bias_(std::move(bias)), centred_(centred), attributes_(attributes) {
  require(weight_.dim() == 1, "norm", "weight must have shape [D]; got {}", shape_string(weight_.sizes()));
  require(!bias_.defined() || bias_.sizes() == weight_.sizes(), "norm",
          "bias must have the weight's shape {}", shape_string(weight_.sizes()));
  require(attributes_.groups > 0 && weight_.size(0) % attributes_.groups == 0, "norm",
          "the weight's {} entries must fall into {} equal groups", weight_.size(0), attributes_.groups);
  LRPP_ASSERT(attributes_.groups == 1 || !centred_);
  const double offset = attributes_.offset;
  gain_ = offset == 0 ? weight_ : weight_.to(at_least_float(weight_.scalar_type())) + offset;
}

Tensor Norm::scale(const Tensor& x) const {
  const Tensor wide = x.to(at_least_float(x.scalar_type()));
  // One pass over x; its normalised values are a by-product.
  if (centred_)
    return std::get<2>(
        at::native_layer_norm(wide, wide.sizes().slice(wide.dim() - 1), {}, {}, attributes_.eps));
  if (attributes_.groups == 1) return at::rsqrt(wide.square().mean(-1, true) + attributes_.eps);
  const Tensor parts = wide.unflatten(-1, {attributes_.groups, -1});
  return at::rsqrt(parts.square().mean(-1, true) + attributes_.eps).expand_as(parts).flatten(-2);
}

Tensors Norm::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  if (centred_) {
    const at::ScalarType type = at::promote_types(x.scalar_type(), gain_.scalar_type());
    const Tensor bias = bias_.defined() ? bias_.to(type) : Tensor();
    return {at::layer_norm(x.to(type), gain_.sizes(), gain_.to(type), bias, attributes_.eps)
                .to(weight_.scalar_type())};
  }
  const Tensor unit = x.to(at_least_float(x.scalar_type())) * scale(x);
  Tensor y = (gain_ * unit.to(gain_.scalar_type())).to(weight_.scalar_type());
  if (bias_.defined()) y = y + bias_;
  return {y};
}

std::unique_ptr<LinearMap> Norm::linear_map(const Kept& kept, int) const {
  return std::make_unique<NormView>(gain_, scale(kept.input(0)), bias_, centred_, weight_.scalar_type());
}

NamedTensors Norm::weights() const {
  NamedTensors result{{"weight", weight_}};
  if (bias_.defined()) result.emplace_back("bias", bias_);
  return result;
}

}  // namespace lrpp::ops
