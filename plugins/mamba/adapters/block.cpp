#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/block.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>

namespace lrpp::mamba {
namespace {

Value add_linear(GraphBuilder& builder, Weights& weights, const std::string& name, int64_t in, int64_t out,
                 bool bias, Value x) {
  Tensor weight = weights.take(name + ".weight", {out, in});
  Tensor offset = bias ? weights.take(name + ".bias", {out}) : Tensor();
  return builder.add(name, std::make_shared<ops::Linear>(weight, offset), {x});
}

}  // namespace

Value add_mixer(GraphBuilder& builder, Weights& weights, const std::string& prefix, const BlockConfig& config,
                Value x) {
  const int64_t E = config.intermediate_size, N = config.state_size, R = config.time_step_rank;
  const auto name = [&](const char* part) { return prefix + "." + part; };
  const Value projected =
      add_linear(builder, weights, name("in_proj"), config.hidden_size, 2 * E, config.use_bias, x);
  const auto branches = builder.add_multi(
      name("split"), std::make_shared<ops::Split>(ops::SplitAttributes{{E, E}, -1}), {projected});

  Tensor conv_bias = config.use_conv_bias ? weights.take(name("conv1d.bias"), {E}) : Tensor();
  const Tensor conv_weight = weights.take(name("conv1d.weight"), {E, 1, config.conv_kernel});
  const Value convolved =
      builder.add(name("conv1d"), std::make_shared<Conv1d>(conv_weight, conv_bias), {branches[0]});
  const Value u = builder.add(name("act"), std::make_shared<ops::Silu>(), {convolved});

  const Value parameters = add_linear(builder, weights, name("x_proj"), E, R + 2 * N, /*bias=*/false, u);
  const auto parts = builder.add_multi(
      name("x_split"), std::make_shared<ops::Split>(ops::SplitAttributes{{R, N, N}, -1}), {parameters});
  const Value raw_dt = add_linear(builder, weights, name("dt_proj"), R, E, /*bias=*/true, parts[0]);
  const Value dt = builder.add(name("dt_softplus"), std::make_shared<ops::Softplus>(), {raw_dt});

  const Tensor A_log = weights.take_at_least_float32(name("A_log"), {E, N});
  const Tensor D = weights.take_at_least_float32(name("D"), {E});
  const Value y = builder.add(name("selective_scan"), std::make_shared<SelectiveScan>(A_log, D),
                              {u, dt, parts[1], parts[2]});
  const Value gate = builder.add(name("gate_act"), std::make_shared<ops::Silu>(), {branches[1]});
  const Value gated = builder.add(name("gate"), std::make_shared<ops::Gate>(), {y, gate});
  return add_linear(builder, weights, name("out_proj"), E, config.hidden_size, config.use_bias, gated);
}

Value add_block(GraphBuilder& builder, Weights& weights, const std::string& prefix, const BlockConfig& config,
                Value residual) {
  const Tensor weight = weights.take(prefix + ".norm.weight", {config.hidden_size});
  const Value x =
      builder.add(prefix + ".norm",
                  std::make_shared<ops::RmsNorm>(weight, ops::NormAttributes{config.norm_eps}), {residual});
  const Value mixed = add_mixer(builder, weights, prefix + ".mixer", config, x);
  return builder.add(prefix + ".add", std::make_shared<ops::Add>(), {residual, mixed});
}

}  // namespace lrpp::mamba
