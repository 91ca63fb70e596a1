#include <lrpp/adapters/transformer/config.h>
#include <lrpp/adapters/transformer/rope_config.h>

#include <cmath>
#include <set>

namespace lrpp::transformer {
namespace {

/// What `rope_parameters` (or `rope_scaling`) may hold.
struct RopeKeys {
  std::optional<std::string> rope_type, type;
  std::optional<double> rope_theta, partial_rotary_factor, factor, low_freq_factor, high_freq_factor;
  std::optional<int64_t> original_max_position_embeddings;
  std::optional<double> attention_factor, beta_fast, beta_slow, mscale, mscale_all_dim;
  std::optional<bool> truncate;
};

/// A member of the config that is neither absent nor null.
const Json* find(const Json& config, const std::string& key) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? nullptr : &*found;
}

double number(const Json& config, const char* key, double otherwise, const std::string& where) {
  const Json* found = find(config, key);
  if (found == nullptr) return otherwise;
  require(found->is_number(), where, "'{}' must be a number; got {}", key, describe_value(*found));
  return found->get<double>();
}

/// The object that speaks of this layer type, or an empty one.
Json parameters_of(const Json& config, const std::string& layer_type, const std::string& where) {
  const Json *present = find(config, "rope_parameters"), *old = find(config, "rope_scaling");
  require(present == nullptr || old == nullptr || *present == *old, where,
          "has both 'rope_parameters' and 'rope_scaling', and they differ; keep one");
  const Json* object = present != nullptr ? present : old;
  if (object == nullptr) return Json::object();
  require(object->is_object(), where, "'{}' must be an object; got {}",
          present != nullptr ? "rope_parameters" : "rope_scaling", describe_value(*object));
  const Json* own = find(*object, layer_type);
  return own != nullptr ? *own : *object;
}

/// The parameters that each scaling has besides theta and the rotated share.
std::set<std::string> known_parameters(const std::string& scaling) {
  if (scaling == "linear") return {"factor"};
  if (scaling == "dynamic") return {"factor", "original_max_position_embeddings"};
  if (scaling == "llama3")
    return {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"};
  if (scaling == "yarn")
    return {"factor",           "original_max_position_embeddings",
            "attention_factor", "beta_fast",
            "beta_slow",        "mscale",
            "mscale_all_dim",   "truncate"};
  return {};
}

std::string scaling_of(const Json& parameters, const std::string& where) {
  for (const char* key : {"rope_type", "type"}) {
    const Json* found = find(parameters, key);
    if (found == nullptr) continue;
    require(found->is_string(), where, "'{}' must be a string; got {}", key, describe_value(*found));
    const auto name = found->get<std::string>();
    require(name == "default" || !known_parameters(name).empty(), where,
            "'{}' must be default, linear, dynamic, llama3 or yarn; got '{}', which this adapter does not "
            "support",
            key, name);
    return name;
  }
  return "default";
}

/// How much queries and keys grow with the context (Peng et al., arXiv:2309.00071, equation 22), by default
/// and as DeepSeek's two factors have it.
double yarn_attention_factor(const RopeKeys& keys, double factor) {
  const auto growth = [&](double scale) { return factor <= 1 ? 1 : 0.1 * scale * std::log(factor) + 1; };
  if (keys.attention_factor) return *keys.attention_factor;
  const double one = keys.mscale.value_or(0), all = keys.mscale_all_dim.value_or(0);
  return one != 0 && all != 0 ? growth(one) / growth(all) : growth(1);
}

}  // namespace

ops::RopeAttributes read_rope(const Json& config, int64_t head_dim, const RopeDefaults& defaults,
                              const std::string& where, const std::string& layer_type) {
  const bool present = find(config, "rope_parameters") != nullptr;
  const std::string here = where + (present ? " rope_parameters" : " rope_scaling");
  const Json parameters = parameters_of(config, layer_type, here);
  const std::string scaling = scaling_of(parameters, here);
  const auto keys = from_json_value<RopeKeys>(parameters, here);
  const std::set<std::string> known = known_parameters(scaling);
  for (const auto& [key, value] : parameters.items()) {
    const bool common =
        key == "rope_type" || key == "type" || key == "rope_theta" || key == "partial_rotary_factor";
    require(common || value.is_null() || known.contains(key), here, "'{}' has no meaning for rope type '{}'",
            key, scaling);
  }
  for (const char* key : {"factor", "low_freq_factor", "high_freq_factor"}) {
    require(!known.contains(key) || find(parameters, key) != nullptr, here, "rope type '{}' needs '{}'",
            scaling, key);
  }
  require(keys.truncate.value_or(true), here,
          "'truncate' must be true; got false, which this adapter does not support");
  const double partial =
      keys.partial_rotary_factor.value_or(number(config, defaults.partial_key, defaults.partial, where));
  require(partial > 0 && partial <= 1, here, "a share between 0 and 1 of each head must turn; got {}",
          partial);
  ops::RopeAttributes rope;
  rope.dim = static_cast<int64_t>(static_cast<double>(head_dim) * partial);
  rope.theta = keys.rope_theta.value_or(number(config, defaults.theta_key, defaults.theta, where));
  require(rope.theta > 0, here, "the base of the rotary embedding must be positive; got {}", rope.theta);
  rope.scaling = scaling;
  rope.factor = keys.factor.value_or(1);
  require(rope.factor >= 1, here, "'factor' must be at least 1; got {}", rope.factor);
  rope.low_freq_factor = keys.low_freq_factor.value_or(rope.low_freq_factor);
  rope.high_freq_factor = keys.high_freq_factor.value_or(rope.high_freq_factor);
  rope.beta_fast = keys.beta_fast.value_or(rope.beta_fast);
  rope.beta_slow = keys.beta_slow.value_or(rope.beta_slow);
  if (known.contains("original_max_position_embeddings")) {
    const auto positions = static_cast<int64_t>(number(config, "max_position_embeddings", 0, where));
    rope.trained_positions = keys.original_max_position_embeddings.value_or(positions);
    require_size(here, "original_max_position_embeddings", rope.trained_positions);
    // transformers lets the dynamic base grow beyond max_position_embeddings, whatever the original was.
    require(
        scaling != "dynamic" || rope.trained_positions == positions, here,
        "'original_max_position_embeddings' must equal 'max_position_embeddings' for rope type 'dynamic'; "
        "got {} and {}",
        rope.trained_positions, positions);
  }
  if (scaling == "yarn") rope.attention_factor = yarn_attention_factor(keys, rope.factor);
  return rope;
}

}  // namespace lrpp::transformer
