#include <lrpp/adapters/transformer/config.h>
#include <lrpp/adapters/transformer/moe.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/experts.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/mul_scalar.h>
#include <lrpp/framework/ops/softmax.h>

namespace lrpp::transformer {
namespace {

/// What a token's experts are, [B,T,k] int64, and how much each counts, [B,T,k].
struct Choice {
  Value experts, weights;
};

Choice add_router(Builder& builder, const std::string& layer, const MoeNames& names, const MoeConfig& config,
                  Value x) {
  const auto name = [&](const char* part) { return layer + "." + names.block + "." + part; };
  if (at::promote_types(builder.dtype(), at::kFloat) != builder.dtype()) {
    x = builder.add(name("router_cast"), std::make_shared<ops::Cast>(), {x});
  }
  const std::string router = layer + "." + names.router;
  const Tensor weight =
      builder.take_at_least_float32(router + ".weight", {config.experts, config.hidden_size});
  Value scores = builder.add(router, std::make_shared<ops::Linear>(weight), {x});
  const bool softmax = config.scoring == Scoring::softmax;
  const OpPtr scoring = softmax ? OpPtr(std::make_shared<ops::Softmax>()) : std::make_shared<ops::Sigmoid>();
  scores = builder.add(name("scores"), scoring, {scores});
  const ops::ExpertChoiceAttributes attributes{config.chosen, config.groups, config.kept_groups};
  const Tensor bias = config.correction_bias ? builder.take_at_least_float32(
                                                   layer + "." + names.correction_bias, {config.experts})
                                             : Tensor();
  const auto op = std::make_shared<ops::ExpertChoice>(attributes, bias);
  const std::vector<Value> chosen = builder.graph().add_multi(name("choice"), op, {scores});
  Value weights = chosen[0];
  if (config.normalized) weights = builder.add(name("shares"), std::make_shared<ops::SumNorm>(), {weights});
  if (config.scale != 1) {
    const ops::MulScalarAttributes factor{config.scale};
    weights = builder.add(name("scale"), std::make_shared<ops::MulScalar>(factor), {weights});
  }
  return {chosen[1], weights};
}

/// The expert's names, with all of them below its own.
MlpNames below(const std::string& expert, MlpNames names) {
  for (std::string* part : {&names.up, &names.down, &names.gate, &names.gate_up})
    *part = expert + "." + *part;
  names.block = expert;
  return names;
}

}  // namespace

void require_moe(const MoeConfig& config, const std::array<const char*, 4>& keys, const std::string& where) {
  require_size(where, keys[0], config.experts);
  require_size(where, keys[1], config.chosen);
  require_size(where, keys[2], config.groups);
  require_size(where, keys[3], config.kept_groups);
  const int64_t size = config.experts / config.groups;
  require(config.groups == 1 || (config.experts % config.groups == 0 && size >= 2), where,
          "'{}' must divide the experts, '{}', into groups of at least 2; got {} and {}", keys[2], keys[0],
          config.groups, config.experts);
  require(config.kept_groups <= config.groups, where, "'{}' must be at most '{}'; got {} and {}", keys[3],
          keys[2], config.kept_groups, config.groups);
  require(config.chosen <= size * config.kept_groups, where,
          "'{}' must be at most the {} experts of the open groups; got {}", keys[1],
          size * config.kept_groups, config.chosen);
}

Value add_moe(Builder& builder, const std::string& layer, const MoeNames& names, const MoeConfig& config,
              Value x) {
  const auto name = [&](const char* part) { return layer + "." + names.block + "." + part; };
  const Choice choice = add_router(builder, layer, names, config, x);
  Value seen = x;
  if (config.latent_size > 0) {
    const LinearConfig shape{config.hidden_size, config.latent_size, config.latent_bias};
    seen = builder.linear(layer + "." + names.latent_in, shape, x);
  }
  const ops::ExpertsAttributes experts{config.experts};
  std::vector<Value> rows = builder.graph().add_multi(
      name("dispatch"), std::make_shared<ops::ExpertDispatch>(experts), {seen, choice.experts});
  for (size_t e = 0; e < rows.size(); ++e) {
    const MlpNames own = below(fmt::format("{}.{}", names.experts, e), names.expert);
    rows[e] = add_mlp(builder, layer, own, config.expert, rows[e]);
  }
  const ops::ConcatAttributes one_after_the_other{config.experts, /*dim=*/1};
  const Value made = builder.add(name("rows"), std::make_shared<ops::Concat>(one_after_the_other), rows);
  Value mixed = builder.add(name("combine"), std::make_shared<ops::ExpertCombine>(experts),
                            {made, choice.experts, choice.weights});
  if (config.latent_size > 0) {
    const LinearConfig shape{config.latent_size, config.hidden_size, config.latent_bias};
    mixed = builder.linear(layer + "." + names.latent_out, shape, mixed);
  }
  if (!config.shared) return mixed;
  const Value shared = add_mlp(builder, layer, names.shared, *config.shared, x);
  return builder.add(name("add"), std::make_shared<ops::Add>(), {mixed, shared});
}

}  // namespace lrpp::transformer
