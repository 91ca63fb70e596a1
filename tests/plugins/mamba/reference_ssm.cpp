#include <lrpp/tests/plugins/mamba/reference_ssm.h>

namespace lrpp::testing {

Tensor reference_mamba1_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              const ReferenceMamba1& sizes) {
  const auto projected = pieces.linear(x, prefix + "in_proj").chunk(2, -1);
  const Tensor u = pieces.activation(pieces.convolution(projected[0], prefix + "conv1d"), sizes.activation,
                                     Held::conv_activation);      // [B,T,E]
  const Tensor A = -pieces.weights().at(prefix + "A_log").exp();  // [E,N]
  const int64_t N = A.size(1);
  const Tensor parameters = pieces.linear(u, prefix + "x_proj");
  const auto parts = parameters.split_with_sizes({parameters.size(-1) - 2 * N, N, N}, -1);
  const auto normed = [&](const Tensor& part, const char* name) {
    return sizes.norm_epsilon
               ? pieces.rms_norm(part, prefix + name, *sizes.norm_epsilon, Held::parameter_norm)
               : part;
  };
  const Tensor dt = at::softplus(pieces.linear(normed(parts[0], "dt_layernorm"), prefix + "dt_proj"));
  const Tensor B = pieces.hold(normed(parts[1], "b_layernorm"), Held::B);  // [B,T,N]
  const Tensor C = pieces.hold(normed(parts[2], "c_layernorm"), Held::C);
  const Tensor decay = pieces.hold((dt.unsqueeze(-1) * A).exp(), Held::decay);  // [B,T,E,N]
  const Tensor scale = pieces.hold(dt, Held::time_step);
  Tensor h = at::zeros({x.size(0), A.size(0), N}, x.options());
  Tensors steps;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const Tensor input = (scale.select(1, t) * u.select(1, t)).unsqueeze(-1) * B.select(1, t).unsqueeze(1);
    h = decay.select(1, t) * h + input;
    steps.push_back((h * C.select(1, t).unsqueeze(1)).sum(-1));
  }
  const Tensor y = at::stack(steps, 1) + u * pieces.weights().at(prefix + "D");
  const Tensor gate = pieces.activation(projected[1], "silu", Held::gate_activation);
  return pieces.linear(pieces.product(y, gate, Held::ssm_gate), prefix + "out_proj");
}

Tensor reference_mamba2_mixer(const ReferencePieces& pieces, const Tensor& x, const std::string& prefix,
                              const ReferenceMamba2& sizes) {
  const int64_t H = sizes.heads, G = sizes.groups, N = sizes.state;
  const Tensor projected = pieces.linear(x, prefix + "in_proj");
  const int64_t E = (projected.size(-1) - 2 * G * N - H) / 2;
  const auto branches = projected.split_with_sizes({E, E + 2 * G * N, H}, -1);  // z; x, B and C; dt
  const Tensor xBC = pieces.activation(pieces.convolution(branches[1], prefix + "conv1d"), sizes.activation,
                                       Held::conv_activation);
  const auto parts = xBC.split_with_sizes({E, G * N, G * N}, -1);
  const Tensor u = parts[0].unflatten(-1, {H, E / H});  // [B,T,H,P]
  const auto of_heads = [&](const Tensor& v) {          // [B,T,G*N] -> [B,T,H,N]: heads share their group's
    return v.unflatten(-1, {G, N}).repeat_interleave(H / G, 2);
  };
  const Tensor B = pieces.hold(of_heads(parts[1]), Held::B), C = pieces.hold(of_heads(parts[2]), Held::C);
  const Tensor dt = at::softplus(branches[2] + pieces.weights().at(prefix + "dt_bias"))
                        .clamp(sizes.dt_min, sizes.dt_max);  // [B,T,H]
  const Tensor A = -pieces.weights().at(prefix + "A_log").exp();
  const Tensor decay = pieces.hold((dt * A).exp(), Held::decay), scale = pieces.hold(dt, Held::time_step);
  Tensor h = at::zeros({x.size(0), H, E / H, N}, x.options());
  Tensors steps;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const Tensor input = (scale.select(1, t).unsqueeze(-1) * u.select(1, t)).unsqueeze(-1) *
                         B.select(1, t).unsqueeze(2);  // dt_t x_t B_t^T, [B,H,P,N]
    h = decay.select(1, t).unsqueeze(-1).unsqueeze(-1) * h + input;
    steps.push_back((h * C.select(1, t).unsqueeze(2)).sum(-1));
  }
  const Tensor D = pieces.weights().at(prefix + "D").unsqueeze(-1);
  const Tensor y = (at::stack(steps, 1) + D * u).flatten(-2);
  const Tensor gated =
      pieces.product(y, pieces.activation(branches[0], "silu", Held::gate_activation), Held::ssm_gate);
  return pieces.linear(
      pieces.rms_norm(gated, prefix + "norm", sizes.norm_epsilon, Held::gated_norm, sizes.norm_groups),
      prefix + "out_proj");
}

}  // namespace lrpp::testing
