#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/parameter.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/mamba2_block.h>
#include <lrpp/plugins/mamba/ops/ssd.h>

namespace lrpp::mamba {
namespace {

std::vector<Value> add_split(Builder& builder, const std::string& name, std::vector<int64_t> sizes, Value x) {
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{std::move(sizes), -1});
  return builder.graph().add_multi(name, split, {x});
}

/// Time steps from what in_proj made of them: within limits of softplus(x + dt_bias), [B,T,H].
Value add_time_steps(Builder& builder, const std::string& prefix, const Mamba2Config& config, Value x) {
  const auto name = [&](const char* part) { return prefix + "." + part; };
  const Tensor stored = builder.take(name("dt_bias"), {config.heads});
  const auto parameter = std::make_shared<ops::Parameter>(stored.view({1, 1, -1}));
  const Value bias = builder.add(name("dt_bias"), parameter, {x});
  const Value sum = builder.add(name("dt_add"), std::make_shared<ops::Add>(), {x, bias});
  const Value dt = builder.add(name("dt_softplus"), std::make_shared<ops::Softplus>(), {sum});
  if (config.dt_min == 0 && config.dt_max == std::numeric_limits<double>::infinity()) return dt;
  const ops::ClampAttributes limits{config.dt_min, config.dt_max};
  return builder.add(name("dt_clamp"), std::make_shared<ops::Clamp>(limits), {dt});
}

}  // namespace

Value add_mamba2_mixer(Builder& builder, const std::string& prefix, const Mamba2Config& config, Value x) {
  const int64_t D = config.hidden_size, H = config.heads, E = H * config.head_dim;
  const int64_t states = config.groups * config.state_size;
  const auto name = [&](const char* part) { return prefix + "." + part; };
  const Value projected = builder.linear(name("in_proj"), {D, 2 * E + 2 * states + H, config.use_bias}, x);
  const auto parts = add_split(builder, name("split"), {E, E + 2 * states, H}, projected);

  // One convolution runs over x, B and C together.
  const Value convolved =
      add_conv1d(builder, name("conv1d"), E + 2 * states, config.conv_kernel, config.use_conv_bias, parts[1]);
  const Value act = builder.add(name("act"), std::make_shared<ops::Silu>(), {convolved});
  const auto xBC = add_split(builder, name("xBC_split"), {E, states, states}, act);
  const Value dt = add_time_steps(builder, prefix, config, parts[2]);
  const Tensor A_log = builder.take_at_least_float32(name("A_log"), {H});
  const Tensor skip = builder.take_at_least_float32(name("D"), {H});
  const auto ssd = std::make_shared<Ssd>(A_log, skip, config.groups);
  const Value y = builder.add(name("ssd"), ssd, {xBC[0], dt, xBC[1], xBC[2]});

  const Value gate = builder.add(name("gate_act"), std::make_shared<ops::Silu>(), {parts[0]});
  const Value gated = builder.add(name("gate"), std::make_shared<ops::Gate>(), {y, gate});
  const NormConfig norm{.rms = true, .eps = config.norm_eps, .groups = config.norm_groups};
  return builder.linear(name("out_proj"), {E, D, config.use_bias},
                        builder.norm(name("norm"), norm, E, gated));
}

}  // namespace lrpp::mamba
