#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/labels.h>

#include <cmath>

namespace lrpp::transformer {

void require_size(const std::string& where, std::string_view key, int64_t value) {
  require(value > 0 && value <= max_size, where, "'{}' must be between 1 and 2^24; got {}", key, value);
}

void require_layers(const std::string& where, std::string_view key, int64_t layers) {
  require(layers >= 0 && layers < 100000, where, "'{}' must be between 0 and 100000; got {}", key, layers);
}

void require_kv_heads(const std::string& where, int64_t heads, int64_t kv_heads) {
  require_size(where, "num_attention_heads", heads);
  require_size(where, "num_key_value_heads", kv_heads);
  require(heads % kv_heads == 0, where,
          "'num_attention_heads' must be a multiple of 'num_key_value_heads'; got {} and {}", heads,
          kv_heads);
}

void require_heads(const std::string& where, std::string_view width_key, int64_t width,
                   std::string_view heads_key, int64_t heads) {
  require(width % heads == 0, where, "'{}' must be a multiple of '{}'; got {} and {}", width_key, heads_key,
          width, heads);
}

void require_eps(const std::string& where, std::string_view key, double eps) {
  require(eps >= 0 && std::isfinite(eps), where, "'{}' must be at least 0; got {}", key, eps);
}

void require_option(const Json& config, const char* key, const Json& supported, const std::string& where) {
  const auto found = config.find(key);
  require(found == config.end() || found->is_null() || *found == supported, where,
          "'{}' must be {}; got {}, which this adapter does not support", key, describe_value(supported),
          found == config.end() ? "" : describe_value(*found));
}

void require_plain_checkpoint(const Json& config, const std::string& where) {
  require_option(config, "add_cross_attention", false, where);
  for (const char* key : {"quantization_config", "pruned_heads"}) {
    const auto found = config.find(key);
    require(found == config.end() || found->is_null() || found->empty(), where,
            "'{}' must be absent or empty; got {}, which this adapter does not support", key,
            found == config.end() ? "" : describe_value(*found));
  }
}

Head read_head(const Json& config, int64_t vocab_size, const std::string& where) {
  const auto names = config.find("architectures");
  const bool named =
      names != config.end() && names->is_array() && names->size() == 1 && (*names)[0].is_string();
  require(named, where,
          "'architectures' must name one class, such as [\"BertForSequenceClassification\"]; got {}",
          names == config.end() ? "nothing" : describe_value(*names));
  const auto name = (*names)[0].get<std::string>();
  if (name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel")) return {false, vocab_size, {}};
  require(name.ends_with("ForSequenceClassification") || name.ends_with("ForImageClassification"), where,
          "'architectures' must name a ...ForCausalLM, ...LMHeadModel, ...ForSequenceClassification or "
          "...ForImageClassification; got '{}', whose head this adapter does not support",
          name);
  const int64_t classes = num_labels_of(config, where);
  return {true, classes, labels_of(config, classes, where)};
}

Head read_classifier(const Json& config, const std::string& where) {
  Head head = read_head(config, 0, where);
  require(head.classifier, where,
          "'architectures' must name a classifier, which is all that is supported of this family; got '{}'",
          config["architectures"][0].get<std::string>());
  return head;
}

}  // namespace lrpp::transformer
