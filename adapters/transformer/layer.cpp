#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>

#include <cmath>
#include <tuple>
#include <utility>

namespace lrpp::transformer {

LayerConfig plain_layer(int64_t hidden_size, int64_t heads, int64_t intermediate_size) {
  LayerConfig layer;
  layer.attention.hidden_size = layer.mlp.hidden_size = hidden_size;
  layer.attention.heads = layer.attention.kv_heads = heads;
  layer.attention.head_dim = hidden_size / heads;
  layer.attention.scale = 1 / std::sqrt(static_cast<double>(layer.attention.head_dim));
  layer.mlp.intermediate_size = intermediate_size;
  return layer;
}

Value add_low_rank(Builder& builder, const std::string& name, const std::string& sum, int64_t rank,
                   const LinearConfig& projection, Value x, Value projected) {
  const Value down = builder.linear(name + ".0", {projection.in, rank, /*bias=*/false}, x);
  const Value up = builder.linear(name + ".1", {rank, projection.out, /*bias=*/false}, down);
  return builder.add(sum, std::make_shared<ops::Add>(), {projected, up});
}

namespace {

/// The branch and its gate, [B,T,F] each, from one projection.
std::pair<Value, Value> add_gate_up(Builder& builder, const std::string& layer, const MlpNames& names,
                                    const MlpConfig& config, Value x) {
  const auto name = [&](const std::string& part) { return layer + "." + part; };
  const int64_t F = config.intermediate_size;
  const LinearConfig both{config.hidden_size, 2 * F, config.bias, config.layout};
  Value projected = builder.linear(name(names.gate_up), both, x);
  if (config.adapter_rank > 0) {
    projected = add_low_rank(builder, name(names.gate_up_adapter), name(names.block + ".adapter_add"),
                             config.adapter_rank, both, x, projected);
  }
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{F, F}, -1});
  const auto parts = builder.graph().add_multi(name(names.block + ".gate_up_split"), split, {projected});
  return {parts[1], parts[0]};
}

}  // namespace

Value add_mlp(Builder& builder, const std::string& layer, const MlpNames& names, const MlpConfig& config,
              Value x) {
  const auto name = [&](const std::string& part) { return layer + "." + part; };
  const LinearConfig in{config.hidden_size, config.intermediate_size, config.bias, config.layout};
  const LinearConfig out{config.intermediate_size, config.hidden_size, config.bias, config.layout};
  if (!config.gated) {
    const Value up = builder.linear(name(names.up), in, x);
    const Value act = builder.add(name(names.block + ".act"), config.activation, {up});
    return builder.linear(name(names.down), out, act);
  }
  Value up, gate;
  if (config.fused) {
    std::tie(up, gate) = add_gate_up(builder, layer, names, config, x);
  } else {
    up = builder.linear(name(names.up), in, x);
    gate = builder.linear(name(names.gate), in, x);
  }
  const Value act = builder.add(name(names.block + ".act"), config.activation, {gate});
  const Value product = builder.add(name(names.block + ".gate"), std::make_shared<ops::Gate>(), {up, act});
  return builder.linear(name(names.down), out, product);
}

Value add_layer(Builder& builder, const std::string& layer, const LayerNames& names,
                const LayerConfig& config, Value x, std::optional<Value> mask) {
  const auto norm = [&](const std::string& name, Value of) {
    return builder.norm(layer + "." + name, config.norm, config.mlp.hidden_size, of);
  };
  const auto add = [&](const char* name, Value a, Value b) {
    return builder.add(layer + "." + name, std::make_shared<ops::Add>(), {a, b});
  };
  const bool before = config.placement != NormPlacement::after;
  const bool both = config.placement == NormPlacement::both;
  const Value seen = before ? norm(names.attention_norm, x) : x;
  Value attended = add_attention(builder, layer, names.attention, config.attention, seen, mask);
  if (both) attended = norm(names.attention_post_norm, attended);
  Value sum = add("attention.add", x, attended);
  if (!before) sum = norm(names.attention_norm, sum);
  const Value read = before ? norm(names.mlp_norm, config.parallel ? x : sum) : sum;
  Value thought = add_mlp(builder, layer, names.mlp, config.mlp, read);
  if (both) thought = norm(names.mlp_post_norm, thought);
  const Value result = add("mlp.add", sum, thought);
  return before ? result : norm(names.mlp_norm, result);
}

}  // namespace lrpp::transformer
