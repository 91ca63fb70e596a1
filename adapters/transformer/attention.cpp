#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/heads.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/matmul.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/framework/ops/wiring.h>

#include <array>

namespace lrpp::transformer {
namespace {

/// Rows [H, (q k v), d] as [(q k v), H, d].
Tensor sorted_rows(const Tensor& rows, int64_t heads) {
  return rows.unflatten(0, {heads, 3, -1}).transpose(0, 1).flatten(0, 2);
}

/// Queries, keys and values, [B,T,H*d] each.
std::array<Value, 3> add_projections(Builder& builder, const std::string& layer, const AttentionNames& names,
                                     const AttentionConfig& config, Value x) {
  const int64_t D = config.hidden_size;
  const int64_t q = config.heads * config.head_dim, kv = config.kv_heads * config.head_dim;
  const auto project = [&](const char* sum, const std::string& name, const std::string& adapter,
                           int64_t out) {
    const LinearConfig shape{D, out, config.qkv_bias, config.layout};
    const Value projected = builder.linear(layer + "." + name, shape, x);
    if (config.adapter_rank == 0) return projected;
    return add_low_rank(builder, layer + "." + adapter, layer + "." + names.block + "." + sum,
                        config.adapter_rank, shape, x, projected);
  };
  if (config.projection == Projection::separate) {
    return {project("q_adapter_add", names.q, names.q_adapter, q),
            project("k_adapter_add", names.k, names.k_adapter, kv),
            project("v_adapter_add", names.v, names.v_adapter, kv)};
  }
  const std::string name = layer + "." + names.qkv;
  auto [weight, bias] = builder.take_linear(name, {D, q + 2 * kv, config.qkv_bias, config.layout});
  if (config.projection == Projection::fused_by_head) {
    weight = sorted_rows(weight, config.heads);
    if (bias.defined()) bias = sorted_rows(bias, config.heads);
  }
  const Value fused = builder.add(name, std::make_shared<ops::Linear>(weight, bias), {x});
  const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{q, kv, kv}, -1});
  const auto parts = builder.graph().add_multi(layer + "." + names.block + ".qkv_split", split, {fused});
  return {parts[0], parts[1], parts[2]};
}

}  // namespace

Value add_attention(Builder& builder, const std::string& layer, const AttentionNames& names,
                    const AttentionConfig& config, Value x, std::optional<Value> mask) {
  const auto name = [&](const char* part) { return layer + "." + names.block + "." + part; };
  const auto heads = [&](const char* part, int64_t count, Value of) {
    return builder.add(name(part), std::make_shared<ops::SplitHeads>(ops::SplitHeadsAttributes{count}), {of});
  };
  const auto [q_flat, k_flat, v_flat] = add_projections(builder, layer, names, config, x);
  Value q = heads("q_heads", config.heads, q_flat);
  Value k = heads("k_heads", config.kv_heads, k_flat);
  const Value v = heads("v_heads", config.kv_heads, v_flat);
  if (config.head_norm) {
    q = builder.norm(name("q_norm"), *config.head_norm, config.head_dim, q);
    k = builder.norm(name("k_norm"), *config.head_norm, config.head_dim, k);
  }
  if (config.rope) {
    q = builder.add(name("q_rope"), std::make_shared<ops::Rope>(config.rope), {q});
    k = builder.add(name("k_rope"), std::make_shared<ops::Rope>(config.rope), {k});
  }
  const ops::MatmulAttributes scaled{/*transpose_b=*/true, config.scale};
  Value scores = builder.add(name("scores"), std::make_shared<ops::Matmul>(scaled), {q, k});
  if (config.soft_cap) {
    const ops::SoftCapAttributes cap{*config.soft_cap};
    scores = builder.add(name("soft_cap"), std::make_shared<ops::SoftCap>(cap), {scores});
  }
  const ops::SoftmaxAttributes sight{config.causal, config.window, mask.has_value()};
  std::vector<Value> seen{scores};
  if (mask) seen.push_back(*mask);
  const Value shares = builder.add(name("softmax"), std::make_shared<ops::Softmax>(sight), seen);
  const Value context = builder.add(name("context"), std::make_shared<ops::Matmul>(), {shares, v});
  const Value merged = builder.add(name("merge"), std::make_shared<ops::MergeHeads>(), {context});
  const int64_t out = config.out_size > 0 ? config.out_size : config.hidden_size;
  return builder.linear(layer + "." + names.out,
                        {config.heads * config.head_dim, out, config.out_bias, config.layout}, merged);
}

}  // namespace lrpp::transformer
