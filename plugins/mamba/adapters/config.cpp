#include <lrpp/plugins/mamba/adapters/config.h>

#include <cmath>
#include <limits>

namespace lrpp::mamba {
namespace {

/// A number; Infinity as transformers 5 writes it, {"__float__": "Infinity"}, is one.
std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_object() && value.size() == 1 && value.contains("__float__")) {
    if (value["__float__"] == "Infinity") return std::numeric_limits<double>::infinity();
  }
  return std::nullopt;
}

}  // namespace

void require_family(const Json& config, const std::string& family, const std::string& where) {
  const auto found = config.find("architectures");
  if (found == config.end() || !found->is_array()) return;
  for (const Json& name : *found) {
    if (!name.is_string()) continue;
    const auto text = name.get<std::string>();
    const bool fits = text.starts_with(family + "For") || text == family + "Model";
    require(fits, where,
            "'architectures' must name a class of the family of 'model_type' {}, such as {}ForCausalLM; got "
            "\"{}\". Set 'model_type' to what the checkpoint is",
            config.contains("model_type") ? config["model_type"].dump() : "null", family, text);
  }
}

void require_silu(const Json& config, const char* key, const std::string& where) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return;
  require(*found == "silu" || *found == "swish", where,
          "'{}' must be \"silu\"; got {}, which this adapter does not support", key, found->dump());
}

int64_t read_time_step_rank(const Json& config, const char* key, int64_t hidden_size,
                            const std::string& where) {
  const auto rank = config.find(key);
  if (rank == config.end() || *rank == "auto") return (hidden_size + 15) / 16;
  require(rank->is_number_integer() && *rank > 0 && *rank <= transformer::max_size, where,
          "'{}' must be \"auto\" or a positive integer; got {}", key, describe_value(*rank));
  return rank->get<int64_t>();
}

std::pair<double, double> read_time_step_limit(const Json& config, const char* key,
                                               const std::string& where) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return {0, std::numeric_limits<double>::infinity()};
  const bool pair = found->is_array() && found->size() == 2;
  const auto low = pair ? number_of((*found)[0]) : std::nullopt;
  const auto high = pair ? number_of((*found)[1]) : std::nullopt;
  require(low && high && *low >= 0 && *low <= *high, where,
          "'{}' must be two numbers, 0 <= min <= max; got {}", key, found->dump());
  return {*low, *high};
}

void require_time_step_min(double time_step_min, const std::string& where) {
  require(time_step_min >= 0 && std::isfinite(time_step_min), where,
          "'time_step_min' must be at least 0; got {}", time_step_min);
}

void require_mamba2(const Mamba2Config& config, const Mamba2KeyNames& names, int64_t intermediate_size,
                    const std::string& where) {
  transformer::require_size(where, names.heads, config.heads);
  transformer::require_size(where, names.head_dim, config.head_dim);
  transformer::require_size(where, names.groups, config.groups);
  require(config.heads * config.head_dim == intermediate_size, where,
          "'{}' x '{}' must be the expanded hidden size {}; got {} x {}", names.heads, names.head_dim,
          intermediate_size, config.heads, config.head_dim);
  require(config.heads % config.groups == 0, where, "'{}' must be a multiple of '{}'; got {} and {}",
          names.heads, names.groups, config.heads, config.groups);
}

}  // namespace lrpp::mamba
