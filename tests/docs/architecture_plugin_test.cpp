// Holds the plugin of docs/tutorials/architecture-plugin.md, as `lrpp --plugin` would load it.
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/plugin.h>
#include <lrpp/tests/support/graph_autograd.h>
#include <lrpp/tests/support/models.h>

namespace lrpp {
namespace {

using namespace testing;

constexpr int64_t V = 11, D = 5, H = 3, C = 2;

/// A checkpoint with random weights, as the plugin reads it.
struct RandomCheckpoint {
  TemporaryFolder folder;
  Json config{{"model_type", "averaging"}, {"vocab_size", V}, {"hidden_size", D}, {"intermediate_size", H}};
  std::map<std::string, Tensor> tensors{{"embeddings.weight", random({V, D}, 1)},
                                        {"hidden.weight", random({H, D}, 2)},
                                        {"hidden.bias", random({H}, 3)},
                                        {"classifier.weight", random({C, H}, 4)},
                                        {"classifier.bias", random({C}, 5)}};
  Model load() const {
    Registry registry = builtin_registry();
    load_plugin(registry, LRPP_AVERAGING);
    write_atomically(folder / "config.json", config.dump());
    save_safetensors(folder / "model.safetensors", {tensors.begin(), tensors.end()});
    return load_model(registry, folder.path(), {at::kDouble});
  }
};

const Tensor ids = at::tensor({3, 1, 4, 1, 5, 9}, at::kLong).reshape({2, 3});

/// A dozen float64 operations, relative to the largest entry.
constexpr double tolerance = 1e-12;

// [docs:forward]
TEST(ArchitecturePlugin, ComputesWhatTheFormulaSays) {
  const RandomCheckpoint made;
  const auto& w = made.tensors;
  const Tensor mean = at::embedding(w.at("embeddings.weight"), ids).mean(1);
  const Tensor act = at::tanh(at::linear(mean, w.at("hidden.weight"), w.at("hidden.bias")));
  const Tensor expected = at::linear(act, w.at("classifier.weight"), w.at("classifier.bias"));
  EXPECT_LT(relative_difference(run_forward(made.load(), {{"input_ids", ids}}), expected), tolerance);
}
// [/docs:forward]

// [docs:gradient]
TEST(ArchitecturePlugin, ItsGradientIsThatOfAutograd) {
  const RandomCheckpoint made;
  const Model model = made.load();
  const Attribution ours = explain_case(model, "gradient", {{"input_ids", ids}});
  const Tensor explained = at::one_hot(ours.target.target, C).to(at::kDouble);
  const Tensor autograd = autograd_of_graph(model.graph, {{"input_ids", ids}}, explained);
  EXPECT_LT(relative_difference(ours.relevance, autograd), tolerance);
}
// [/docs:gradient]

// [docs:ledger]
TEST(ArchitecturePlugin, ItsLedgerBalances) {
  const RandomCheckpoint made;
  const Attribution result = explain_case(made.load(), "lrp-0", {{"input_ids", ids}}, /*audit=*/true);
  EXPECT_TRUE(result.ledger->unbalanced(1e-10).empty());
}
// [/docs:ledger]

// [docs:mistakes]
TEST(ArchitecturePlugin, NamesWhatIsWrongWithACheckpoint) {
  RandomCheckpoint made;
  made.config["hidden_size"] = 0;
  expect_user_error([&] { made.load(); }, {"config.json", "'hidden_size'", "above 0"});
  made.config["hidden_size"] = D + 1;
  expect_user_error([&] { made.load(); }, {"'embeddings.weight'", "[11, 6]", "[11, 5]"});
  made.config["hidden_size"] = D;
  made.tensors["dropout.mask"] = random({D}, 6);
  expect_user_error([&] { made.load(); }, {"'dropout.mask'"});
}
// [/docs:mistakes]

}  // namespace
}  // namespace lrpp
