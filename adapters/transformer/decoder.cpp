#include <lrpp/adapters/transformer/decoder.h>
#include <lrpp/framework/ops/position_ids.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::transformer {
namespace {

/// "transformer.wte" -> "transformer": where what is no module of its own is named.
std::string beside(const std::string& module) { return module.substr(0, module.rfind('.')); }

Value add_positions(Builder& builder, const DecoderConfig& config, const DecoderNames& names, Value ids,
                    Value embeddings) {
  const std::string home = beside(names.positions);
  const Value index = builder.add(home + ".position_ids", std::make_shared<ops::PositionIds>(), {ids});
  const Tensor table =
      builder.take(names.positions + ".weight", {config.max_positions, config.frame.hidden_size});
  const Value positions = builder.embedding(names.positions, table, index);
  return builder.add(home + ".position_add", std::make_shared<ops::Add>(), {embeddings, positions});
}

}  // namespace

Model build_decoder(const DecoderConfig& config, const DecoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value ids, Value hidden) {
    if (config.max_positions > 0) hidden = add_positions(builder, config, names, ids, hidden);
    for (size_t i = 0; i < config.layers.size(); ++i) {
      const std::string layer = fmt::format("{}.{}", names.layers, i);
      hidden = add_layer(builder, layer, names.layer, config.layers[i], hidden);
      for (const std::string& unused : names.unused) builder.pass_over(layer + "." + unused);
    }
    return hidden;
  };
  Model model = build_language_model(config.frame, names.frame, directory, options, add_layers);
  model.max_tokens = config.max_positions;
  return model;
}

}  // namespace lrpp::transformer
