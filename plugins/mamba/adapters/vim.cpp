#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/flip.h>
#include <lrpp/framework/ops/mul_scalar.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/vim.h>

namespace lrpp::mamba {
namespace {

/// The mixer "v2": two branches between shared projections, one of which reads the tokens from the end. Both
/// are multiplied with the same gate, so that their sum is; to a rule for the gate that is the same.
Value add_bidirectional_mixer(Builder& builder, const std::string& prefix, const VimConfig& config, Value x) {
  const BlockConfig& mixer = config.mixer;
  const int64_t D = mixer.hidden_size, E = mixer.intermediate_size;
  const auto add = [&](const char* part, OpPtr op, std::vector<Value> inputs) {
    return builder.add(prefix + "." + part, std::move(op), std::move(inputs));
  };
  const Value projected = builder.linear(prefix + ".in_proj", {D, 2 * E, mixer.use_bias}, x);
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{E, E}, -1});
  const auto branches = builder.graph().add_multi(prefix + ".split", split, {projected});

  const Value ahead = add_selective_ssm(builder, prefix, "", mixer, branches[0]);
  const Value reversed = add("flip", std::make_shared<ops::Flip>(), {branches[0]});
  const Value back = add_selective_ssm(builder, prefix, "_b", mixer, reversed);
  const Value in_order = add("flip_back", std::make_shared<ops::Flip>(), {back});
  Value y = add("sum", std::make_shared<ops::Add>(), {ahead, in_order});
  if (config.halve_sum) {
    y = add("half", std::make_shared<ops::MulScalar>(ops::MulScalarAttributes{0.5}), {y});
  }
  const Value gate = add("gate_act", std::make_shared<ops::Silu>(), {branches[1]});
  const Value gated = add("gate", std::make_shared<ops::Gate>(), {y, gate});
  return builder.linear(prefix + ".out_proj", {E, D, mixer.use_bias}, gated);
}

}  // namespace

Model build_vim(const VimConfig& config, const ModelDirectory& directory, const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value hidden) {
    if (config.residual_in_fp32) hidden = add_residual_cast(builder, config.names.base, hidden);
    for (int64_t i = 0; i < config.num_layers; ++i) {
      const std::string layer = fmt::format("layers.{}", i);
      const Value x = builder.norm(layer + ".norm", config.frame.norm, config.frame.hidden_size, hidden);
      const Value mixed = add_bidirectional_mixer(builder, layer + ".mixer", config, x);
      hidden = builder.add(layer + ".add", std::make_shared<ops::Add>(), {hidden, mixed});
    }
    return hidden;
  };
  return transformer::build_image_classifier(config.frame, config.names, directory, options, add_layers);
}

}  // namespace lrpp::mamba
