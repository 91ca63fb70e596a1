#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/flip.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/caduceus.h>

namespace lrpp::mamba {
namespace {

/// The two strands are one network with two inputs. Its modules have their names on the first strand, and
/// "rc." before them on the second, so that name patterns of rules fit both.
const std::vector<std::string> strand_prefixes{"", "rc."};

std::string where_of(const ModelDirectory& directory) {
  return fmt::format("checkpoint {}", directory.path.string());
}

// [docs:mixer]
/// A Mamba over the letters and, where the config asks, one over the letters in reverse: [B,T,D] -> [B,T,D].
Value add_bidirectional_mixer(Builder& builder, const std::string& name, const CaduceusConfig& config,
                              Value x) {
  const Value forward = add_mixer(builder, name + ".mamba_fwd", config.mixer, x);
  if (!config.bidirectional) return forward;
  const auto flip = std::make_shared<ops::Flip>();
  const Value reversed = builder.add(name + ".mamba_rev.flip", flip, {x});
  const Value mixed = add_mixer(builder, name + ".mamba_rev", config.mixer, reversed);
  const Value backward = builder.add(name + ".mamba_rev.flip_back", flip, {mixed});
  if (config.multiplied) return builder.add(name + ".mul", std::make_shared<ops::Mul>(), {forward, backward});
  return builder.add(name + ".add", std::make_shared<ops::Add>(), {forward, backward});
}
// [/docs:mixer]

std::string layer_name(int64_t index) { return fmt::format("caduceus.backbone.layers.{}", index); }

std::string mixer_name(const CaduceusConfig& config, const std::string& layer) {
  return layer + (config.both_strands ? ".mixer.submodule" : ".mixer");
}

/// The norm of a layer, or the last one, which Caduceus-PS wraps unless it is fused with the sum before it.
std::string norm_name(const CaduceusConfig& config, const std::string& name) {
  return name + (config.both_strands && !config.fused_norm ? ".submodule" : "");
}

/// Which modules have their weights in common: the projections of both directions, which a checkpoint holds
/// under the names of one or of both, and everything of the second strand with what has its name on the
/// first.
void tie_weights(Builder& builder, const CaduceusConfig& config) {
  for (int64_t i = 0; i < config.num_layers && config.bidirectional && config.tied_projections; ++i) {
    const std::string mixer = mixer_name(config, layer_name(i));
    for (const char* part : {".in_proj", ".out_proj"}) {
      std::vector<std::string> prefixes;
      for (const std::string& strand : strand_prefixes) {
        prefixes.push_back(strand + mixer + ".mamba_fwd" + part);
        prefixes.push_back(strand + mixer + ".mamba_rev" + part);
      }
      builder.tie(prefixes, "'bidirectional_weight_tie' says that both directions share their projections");
    }
  }
  builder.tie({"caduceus", "rc.caduceus"}, "both strands share their weights");
}

// [docs:layer]
/// residual + mixer(norm(residual)), of one strand: [B,T,D] -> [B,T,D].
Value add_layer(Builder& builder, const std::string& name, const CaduceusConfig& config, Value residual) {
  const std::string norm = norm_name(config, name + ".norm");
  const Value x = builder.norm(norm, config.norm, config.mixer.hidden_size, residual);
  const Value mixed = add_bidirectional_mixer(builder, mixer_name(config, name), config, x);
  return builder.add(name + ".add", std::make_shared<ops::Add>(), {residual, mixed});
}
// [/docs:layer]

// [docs:strands]
/// From embeddings [B,T,2D] to the strands [B,T,D], each as it is read: the second half of the channels is
/// the other strand, laid out so that its letters stand beside those they pair with, its channels in reverse.
std::vector<Value> split_strands(Builder& builder, const CaduceusConfig& config, Value embeddings) {
  const int64_t D = config.mixer.hidden_size;
  const auto halves = std::make_shared<ops::Split>(ops::SplitAttributes{{D, D}, -1});
  const auto parts = builder.graph().add_multi("caduceus.backbone.strands", halves, {embeddings});
  const auto reverse_complement = std::make_shared<ops::Flip>(ops::FlipAttributes{{1, 2}});
  return {parts[0], builder.add("rc.caduceus.backbone.flip", reverse_complement, {parts[1]})};
}
// [/docs:strands]

/// The official code swaps the strands where it fuses norm and sum: each goes on with the reverse complement
/// of the other. Checkpoints are trained that way.
void swap_strands(Builder& builder, const std::string& layer, std::vector<Value>& strands) {
  const auto reverse_complement = std::make_shared<ops::Flip>(ops::FlipAttributes{{1, 2}});
  const Value first = builder.add(layer + ".swap", reverse_complement, {strands[1]});
  strands[1] = builder.add("rc." + layer + ".swap", reverse_complement, {strands[0]});
  strands[0] = first;
}

/// The embedding table [V,D]; where there are two strands [V,2D], with the row of a token's complement, its
/// channels in reverse, beside its own.
Tensor both_strands_of(const Tensor& table, const CaduceusConfig& config) {
  if (!config.both_strands) return table;
  const Tensor complement = at::tensor(config.complement, at::kLong).to(table.device());
  return at::cat({table, table.index_select(0, complement).flip(1)}, 1);
}

// [docs:classifier]
/// The mean over all letters, of both strands where there are two, and the scores of the classes: [B,C].
Value add_classifier(Builder& builder, const CaduceusConfig& config, const std::vector<Value>& strands) {
  Value letters = strands[0];
  if (config.both_strands) {
    letters = builder.add("score.strands", std::make_shared<ops::Concat>(), {strands[0], strands[1]});
  }
  const Value mean = builder.add("score.pool", std::make_shared<ops::MeanTokens>(), {letters});
  return builder.linear("score", {config.mixer.hidden_size, config.head.outputs, /*bias=*/false}, mean);
}
// [/docs:classifier]

Tensor take_head(Builder& builder, const std::string& name, const CaduceusConfig& config, const Tensor& table,
                 const std::string& where) {
  if (config.tied_head && !builder.contains(name + ".weight")) return table;
  const Tensor head = builder.take(name + ".weight", table.sizes().vec());
  require(!config.tied_head || head.equal(table), where,
          "the head of this model is tied to the embedding, but '{}.weight' differs from it", name);
  return head;
}

/// The logits [B,V] of what stands at `position`, or [B,T,V] everywhere. The second strand, back in the order
/// of the first, speaks of the complement: its row of the head for a token is that of the token's complement.
Value add_language_head(Builder& builder, const CaduceusConfig& config, const Tensor& table,
                        const LoadOptions& options, const std::string& where,
                        const std::vector<Value>& strands) {
  const std::string name = config.both_strands ? "lm_head.lm_head" : "lm_head";
  Tensor head = take_head(builder, name, config, table, where);
  Value hidden = strands[0];
  if (config.both_strands) {
    builder.check("lm_head.complement_map", config.complement);
    const Tensor complement = at::tensor(config.complement, at::kLong).to(head.device());
    head = at::cat({head, head.index_select(0, complement)}, 1);
    const Value other = builder.add("rc.lm_head.flip", std::make_shared<ops::Flip>(), {strands[1]});
    hidden = builder.add("lm_head.strands", std::make_shared<ops::Concat>(ops::ConcatAttributes{2, 2}),
                         {strands[0], other});
  }
  if (!options.every_position) {
    const Value position = builder.graph().input("position");
    hidden = builder.add("caduceus.backbone.select_token", std::make_shared<ops::SelectToken>(),
                         {hidden, position});
  }
  return builder.add(name, std::make_shared<ops::Linear>(head), {hidden});
}

}  // namespace

// [docs:model]
Model build_caduceus(const CaduceusConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options) {
  require(!config.head.classifier || !options.every_position, "model",
          "a classifier of whole inputs has no output at every position; load it without every_position");
  const std::string where = where_of(directory);
  const int64_t D = config.mixer.hidden_size;
  Builder builder(directory, options, "caduceus");
  tie_weights(builder, config);

  const std::string words = "caduceus.backbone.embeddings.word_embeddings";
  const std::string table_name = words + (config.both_strands ? ".embedding.weight" : ".weight");
  const Tensor table = builder.take(table_name, {config.vocab_size, D});
  if (config.both_strands) builder.check(words + ".complement_map", config.complement);
  const Value ids = builder.graph().input("input_ids");
  const Value embeddings = builder.embedding(words, both_strands_of(table, config), ids);

  Value hidden = embeddings;
  if (config.residual_in_fp32) hidden = add_residual_cast(builder, "caduceus.backbone", hidden);
  std::vector<Value> strands{hidden};
  if (config.both_strands) strands = split_strands(builder, config, hidden);
  for (int64_t i = 0; i < config.num_layers; ++i) {
    const std::string layer = layer_name(i);
    if (config.both_strands && config.fused_norm) swap_strands(builder, layer, strands);
    for (size_t s = 0; s < strands.size(); ++s)
      strands[s] = add_layer(builder, strand_prefixes[s] + layer, config, strands[s]);
  }
  const std::string norm = norm_name(config, "caduceus.backbone.norm_f");
  for (size_t s = 0; s < strands.size(); ++s)
    strands[s] = builder.norm(strand_prefixes[s] + norm, config.norm, D, strands[s]);
  const Value logits = config.head.classifier
                           ? add_classifier(builder, config, strands)
                           : add_language_head(builder, config, table, options, where, strands);
  builder.finish_weights();

  Model model;
  model.graph = std::move(builder.graph()).finish(embeddings, logits);
  model.task = config.head.classifier ? "classifier" : "language model";
  model.labels = config.head.labels;
  model.vocabulary_size = config.vocab_size;
  model.no_padding = true;
  return model;
}
// [/docs:model]

}  // namespace lrpp::mamba
