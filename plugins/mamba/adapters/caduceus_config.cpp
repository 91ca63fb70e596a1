#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/labels.h>
#include <lrpp/plugins/mamba/adapters/caduceus.h>
#include <lrpp/plugins/mamba/adapters/config.h>

#include <numeric>

namespace lrpp::mamba {
namespace {

using transformer::require_option;
using transformer::require_size;

// [docs:keys]
/// The keys that change what the model computes, with the defaults of the official CaduceusConfig. The others
/// are about initialisation, training and generation.
struct CaduceusKeys {
  int64_t d_model = 2560;
  int64_t n_layer = 64;
  int64_t vocab_size = 50277;
  bool rms_norm = true;
  bool residual_in_fp32 = true;
  bool fused_add_norm = true;
  int64_t pad_vocab_size_multiple = 8;
  double norm_epsilon = 1e-5;
  bool bidirectional = true;
  std::optional<std::string> bidirectional_strategy;
  bool bidirectional_weight_tie = true;
  bool rcps = false;
  bool tie_word_embeddings = true;
};
// [/docs:keys]

void check(const CaduceusKeys& keys, const std::string& where) {
  require_size(where, "d_model", keys.d_model);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "pad_vocab_size_multiple", keys.pad_vocab_size_multiple);
  transformer::require_layers(where, "n_layer", keys.n_layer);
  transformer::require_eps(where, "norm_epsilon", keys.norm_epsilon);
  const std::string strategy = keys.bidirectional_strategy.value_or("add");
  require(strategy == "add" || strategy == "ew_multiply", where,
          "'bidirectional_strategy' must be \"add\" or \"ew_multiply\"; got \"{}\"", strategy);
}

/// `complement_map`: {"7": 10, ...}, the complement of each token id. Ids beyond it are padding of the
/// vocabulary and their own complement. Keys count, not their order: files written by transformers have them
/// in the order of strings.
std::vector<int64_t> read_complement(const Json& config, int64_t vocab_size, const std::string& where) {
  const auto map = config.find("complement_map");
  require(map != config.end() && map->is_object(), where,
          "'complement_map' must say which token each token is paired with where 'rcps' is true; got {}",
          map == config.end() ? "nothing" : describe_value(*map));
  const auto entries = static_cast<int64_t>(map->size());
  require(entries <= vocab_size, where,
          "'complement_map' must have an entry for each of the {} tokens; it has {}", vocab_size, entries);
  std::vector<int64_t> complement(static_cast<size_t>(vocab_size));
  std::iota(complement.begin(), complement.end(), 0);
  for (int64_t id = 0; id < entries; ++id) {
    const auto found = map->find(std::to_string(id));
    require(found != map->end(), where,
            "'complement_map' must have an entry for each token; it has {} entries, but none for {}", entries,
            id);
    const int64_t other = found->is_number_integer() ? found->get<int64_t>() : -1;
    require(other >= 0 && other < vocab_size, where,
            "'complement_map' must map token {} to a token in [0, {}); got {}", id, vocab_size,
            found->dump());
    complement[static_cast<size_t>(id)] = other;
  }
  for (int64_t id = 0; id < entries; ++id) {
    const int64_t other = complement[static_cast<size_t>(id)];
    const int64_t back = complement[static_cast<size_t>(other)];
    require(back == id, where, "'complement_map' must be its own inverse; it maps {} to {}, and that to {}",
            id, other, back);
  }
  return complement;
}

/// The class that `architectures` names says which head there is.
transformer::Head read_head(const Json& config, int64_t vocab_size, const std::string& where) {
  require_family(config, "Caduceus", where);
  const auto names = config.find("architectures");
  const bool named = names != config.end() && names->is_array() && names->size() == 1;
  const std::string name = named ? (*names)[0].get<std::string>() : "";
  if (name == "CaduceusForMaskedLM") return {false, vocab_size, {}};
  require(name == "CaduceusForSequenceClassification", where,
          "'architectures' must name [\"CaduceusForMaskedLM\"] or [\"CaduceusForSequenceClassification\"]; "
          "got {}",
          names == config.end() ? "nothing" : names->dump());
  // Arguments of the class that its configs do not hold; where one does, it must be what is computed here.
  require_option(config, "pooling_strategy", "mean", where);
  require_option(config, "conjoin_train", false, where);
  require_option(config, "conjoin_eval", false, where);
  const int64_t classes = num_labels_of(config, where);
  return {true, classes, labels_of(config, classes, where)};
}

}  // namespace

CaduceusConfig read_caduceus(const Json& json, const std::string& where) {
  const auto keys = from_json_value<CaduceusKeys>(json, where, UnknownKeys::ignore);
  check(keys, where);
  const int64_t multiple = keys.pad_vocab_size_multiple;
  const Json none = Json::object();
  const auto found = json.find("ssm_cfg");
  const Json& ssm = found == json.end() || found->is_null() ? none : *found;
  require(ssm.is_object(), where, "'ssm_cfg' must be an object; got {}", describe_value(ssm));
  CaduceusConfig config;
  config.vocab_size = (keys.vocab_size + multiple - 1) / multiple * multiple;
  config.num_layers = keys.n_layer;
  config.mixer = read_mamba1_ssm_cfg(ssm, keys.d_model, where + " ssm_cfg");
  config.norm = {keys.rms_norm, keys.norm_epsilon};
  config.bidirectional = keys.bidirectional;
  config.multiplied = keys.bidirectional_strategy == "ew_multiply";
  config.tied_projections = keys.bidirectional_weight_tie;
  config.both_strands = keys.rcps;
  config.fused_norm = keys.fused_add_norm;
  config.residual_in_fp32 = keys.residual_in_fp32;
  // The official class ties the head of two strands whatever the config says.
  config.tied_head = keys.tie_word_embeddings || keys.rcps;
  if (keys.rcps) config.complement = read_complement(json, config.vocab_size, where);
  config.head = read_head(json, config.vocab_size, where);
  return config;
}

}  // namespace lrpp::mamba
