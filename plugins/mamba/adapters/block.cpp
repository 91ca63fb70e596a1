#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/block.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>

namespace lrpp::mamba {
namespace {

Value add_parameter_norm(Builder& builder, const std::string& name, const BlockConfig& config, int64_t size,
                         Value x) {
  if (!config.parameter_norm_eps) return x;
  if (config.parameter_norm_weights) {
    return builder.norm(name, {/*rms=*/true, *config.parameter_norm_eps}, size, x);
  }
  const ops::NormAttributes attributes{*config.parameter_norm_eps};
  return builder.add(name, std::make_shared<ops::RmsNorm>(builder.ones(size), attributes), {x});
}

}  // namespace

Value add_residual_cast(Builder& builder, const std::string& base, Value hidden) {
  if (builder.dtype() != at::kBFloat16) return hidden;
  return builder.add(base + ".residual_cast", std::make_shared<ops::Cast>(), {hidden});
}

Value add_conv1d(Builder& builder, const std::string& name, int64_t channels, int64_t kernel, bool bias,
                 Value x) {
  const Tensor weight = builder.take(name + ".weight", {channels, 1, kernel});
  const Tensor offset = bias ? builder.take(name + ".bias", {channels}) : Tensor();
  return builder.add(name, std::make_shared<Conv1d>(weight, offset), {x});
}

Value add_selective_ssm(Builder& builder, const std::string& prefix, const std::string& suffix,
                        const BlockConfig& config, Value x) {
  const int64_t E = config.intermediate_size, N = config.state_size, R = config.time_step_rank;
  const auto name = [&](const std::string& part) { return prefix + "." + part + suffix; };
  const Value convolved = add_conv1d(builder, name("conv1d"), E, config.conv_kernel, config.use_conv_bias, x);
  const Value u = builder.add(name("act"), std::make_shared<ops::Silu>(), {convolved});

  const Value parameters = builder.linear(name("x_proj"), {E, R + 2 * N, /*bias=*/false}, u);
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{R, N, N}, -1});
  const auto parts = builder.graph().add_multi(name("x_split"), split, {parameters});
  const Value rank = add_parameter_norm(builder, name("dt_layernorm"), config, R, parts[0]);
  const Value B = add_parameter_norm(builder, name("b_layernorm"), config, N, parts[1]);
  const Value C = add_parameter_norm(builder, name("c_layernorm"), config, N, parts[2]);
  const Value raw_dt = builder.linear(name("dt_proj"), {R, E, /*bias=*/true}, rank);
  const Value dt = builder.add(name("dt_softplus"), std::make_shared<ops::Softplus>(), {raw_dt});

  const Tensor A_log = builder.take_at_least_float32(prefix + ".A" + suffix + "_log", {E, N});
  const Tensor D = builder.take_at_least_float32(name("D"), {E});
  return builder.add(name("selective_scan"), std::make_shared<SelectiveScan>(A_log, D), {u, dt, B, C});
}

Value add_mixer(Builder& builder, const std::string& prefix, const BlockConfig& config, Value x) {
  const int64_t D = config.hidden_size, E = config.intermediate_size;
  const auto name = [&](const char* part) { return prefix + "." + part; };
  const Value projected = builder.linear(name("in_proj"), {D, 2 * E, config.use_bias}, x);
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{E, E}, -1});
  const auto branches = builder.graph().add_multi(name("split"), split, {projected});
  const Value y = add_selective_ssm(builder, prefix, "", config, branches[0]);
  const Value gate = builder.add(name("gate_act"), std::make_shared<ops::Silu>(), {branches[1]});
  const Value gated = builder.add(name("gate"), std::make_shared<ops::Gate>(), {y, gate});
  return builder.linear(name("out_proj"), {E, D, config.use_bias}, gated);
}

}  // namespace lrpp::mamba
