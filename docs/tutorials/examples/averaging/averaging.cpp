// The plugin of docs/tutorials/architecture-plugin.md: classifiers that average the words of a text and put a
// small perceptron on top ("deep averaging networks", Iyyer et al. 2015, doi:10.3115/v1/P15-1162).
#include <lrpp/framework/labels.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/plugin.h>
#include <lrpp/framework/weights.h>

namespace {

using namespace lrpp;

// [docs:config]
/// The keys of config.json that change what is computed. The names of the classes are read by `labels_of`.
struct AveragingConfig {
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
};

AveragingConfig read_config(const Json& json, const std::string& where) {
  const auto config = from_json_value<AveragingConfig>(json, where, UnknownKeys::ignore);
  require(config.vocab_size > 0 && config.hidden_size > 0 && config.intermediate_size > 0, where,
          "'vocab_size', 'hidden_size' and 'intermediate_size' must be above 0; got {}, {} and {}",
          config.vocab_size, config.hidden_size, config.intermediate_size);
  return config;
}
// [/docs:config]

// [docs:graph]
Model load_averaging(const ModelDirectory& directory, const LoadOptions& options) {
  require(!options.every_position, "model", "a classifier of whole texts has no output at every position");
  const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
  const AveragingConfig config = read_config(directory.config, where);
  const int64_t V = config.vocab_size, D = config.hidden_size, H = config.intermediate_size;
  const int64_t C = num_labels_of(directory.config, where);
  Weights weights(directory, options);
  const auto linear = [&](const std::string& name, int64_t in, int64_t out) {
    return std::make_shared<ops::Linear>(weights.take(name + ".weight", {out, in}),
                                         weights.take(name + ".bias", {out}));
  };

  GraphBuilder graph;
  const Value ids = graph.input("input_ids");
  const auto table = std::make_shared<ops::Embedding>(weights.take("embeddings.weight", {V, D}));
  const Value words = graph.add("embeddings", table, {ids});                           // [B,T,D]
  const Value mean = graph.add("mean", std::make_shared<ops::MeanTokens>(), {words});  // [B,D]
  const Value hidden = graph.add("hidden", linear("hidden", D, H), {mean});            // [B,H]
  const Value act = graph.add("act", std::make_shared<ops::Tanh>(), {hidden});         // [B,H]
  const Value logits = graph.add("classifier", linear("classifier", H, C), {act});     // [B,C]
  weights.finish();  // a tensor that nobody took is an error

  Model model;
  model.graph = std::move(graph).finish(/*attributed=*/words, /*output=*/logits);
  model.task = "classifier";
  model.labels = labels_of(directory.config, C, where);
  model.vocabulary_size = V;
  model.no_padding = true;  // padding would be averaged in
  return model;
}
// [/docs:graph]

// [docs:register]
void register_averaging(Registry& registry) {
  AdapterInfo adapter;
  adapter.model_type = "averaging";
  adapter.summary = "the mean of the words, and a perceptron";
  adapter.default_composite = "lrp-0";
  adapter.load = load_averaging;
  registry.add_adapter(std::move(adapter));
}

}  // namespace

LRPP_PLUGIN(averaging, register_averaging)
// [/docs:register]
