// Whole explanations of a randomly initialised model of the Mamba family, at the sizes of mamba-130m, beside
// the matrix products that they cannot do without, in one run. Prints a Markdown table.
//   bench_explain [--family mamba|mamba2|falcon_mamba] [--layers 24] [--hidden 768] [--state 16] [--vocab
//   50280]
//                 [--repeat 3] [--tokens 512 1024 ...]
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/bench/bench.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/io/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace lrpp;

struct Sizes {
  std::string family = "mamba";
  int64_t layers = 24, hidden = 768, vocab = 50280, state = 16, head_dim = 64;
  int64_t inner() const { return 2 * hidden; }
  int64_t heads() const { return inner() / head_dim; }
  int64_t rank() const { return (hidden + 15) / 16; }
};

/// A checkpoint with the initialisation of the family's paper, in a folder that goes when the program ends.
class RandomCheckpoint {
 public:
  explicit RandomCheckpoint(const Sizes& sizes) : s_(sizes) {
    folder_ = std::filesystem::temp_directory_path() / ("lrpp-bench-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    at::manual_seed(0);
    normal("embeddings.weight", {s_.vocab, s_.hidden}, 0.02);
    for (int64_t i = 0; i < s_.layers; ++i) {
      const std::string layer = "layers." + std::to_string(i) + ".";
      set(layer + "norm.weight", at::ones({s_.hidden}));
      s_.family == "mamba2" ? add_mamba2(layer + "mixer.") : add_mamba(layer + "mixer.");
    }
    set("norm_f.weight", at::ones({s_.hidden}));
    save_safetensors(folder_ / "model.safetensors", tensors_);
    tensors_.clear();
    Json config = {{"model_type", s_.family},        {"vocab_size", s_.vocab},
                   {"hidden_size", s_.hidden},       {"state_size", s_.state},
                   {"num_hidden_layers", s_.layers}, {"tie_word_embeddings", true}};
    if (s_.family == "mamba2") {
      config.update({{"num_heads", s_.heads()}, {"head_dim", s_.head_dim}, {"n_groups", 1}});
    }
    write_atomically(folder_ / "config.json", config.dump());
  }
  ~RandomCheckpoint() { std::filesystem::remove_all(folder_); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void set(const std::string& name, const at::Tensor& value) {
    tensors_.emplace_back("backbone." + name, value);
  }
  void normal(const std::string& name, std::vector<int64_t> shape, double std) {
    set(name, at::randn(shape) * std);
  }
  void add_conv_and_out(const std::string& mixer, int64_t channels) {
    normal(mixer + "conv1d.weight", {channels, 1, 4}, 0.3);
    normal(mixer + "conv1d.bias", {channels}, 0.1);
    normal(mixer + "out_proj.weight", {s_.hidden, s_.inner()}, 1 / std::sqrt(s_.inner() * 2.0 * s_.layers));
  }
  void add_mamba(const std::string& mixer) {
    normal(mixer + "in_proj.weight", {2 * s_.inner(), s_.hidden}, 1 / std::sqrt(s_.hidden));
    normal(mixer + "x_proj.weight", {s_.rank() + 2 * s_.state, s_.inner()}, 1 / std::sqrt(s_.inner()));
    normal(mixer + "dt_proj.weight", {s_.inner(), s_.rank()}, 1 / std::sqrt(s_.rank()));
    set(mixer + "dt_proj.bias", at::full({s_.inner()}, -4.0F));
    const at::Tensor A = at::arange(1, s_.state + 1, at::kFloat).log();
    set(mixer + "A_log", A.expand({s_.inner(), s_.state}).contiguous());
    set(mixer + "D", at::ones({s_.inner()}));
    add_conv_and_out(mixer, s_.inner());
  }
  void add_mamba2(const std::string& mixer) {
    const int64_t convolved = s_.inner() + 2 * s_.state;
    normal(mixer + "in_proj.weight", {s_.inner() + convolved + s_.heads(), s_.hidden},
           1 / std::sqrt(s_.hidden));
    set(mixer + "dt_bias", at::full({s_.heads()}, -4.0F));
    set(mixer + "A_log", (at::rand({s_.heads()}) * 15 + 1).log());
    set(mixer + "D", at::ones({s_.heads()}));
    set(mixer + "norm.weight", at::ones({s_.inner()}));
    add_conv_and_out(mixer, convolved);
  }

  Sizes s_;
  NamedTensors tensors_;
  std::filesystem::path folder_;
};

void print_header(const Sizes& sizes, int repeat) {
  fmt::print(
      "{}, {} layers, hidden size {}, state {}, float32, {} threads; medians of {}, each length in a process "
      "of its own\n\n",
      sizes.family, sizes.layers, sizes.hidden, sizes.state, at::get_num_threads(), repeat);
  fmt::print(
      "| tokens | explanation, s | forward, s | GEMMs alone, s | explanation / GEMMs | ms per token | peak "
      "memory over the "
      "weights, MiB |\n|---|---|---|---|---|---|---|\n");
}

void print_row(const Sizes& sizes, const std::filesystem::path& checkpoint, int64_t tokens, int repeat) {
  const c10::NoGradGuard no_grad;
  const Registry registry = builtin_registry();
  const Model model = load_model(registry, checkpoint);
  const Plan plan = make_plan(model.graph, registry.make_composite("mamba-lrp"));
  const TextInputs text{at::randint(sizes.vocab, {1, tokens}, at::kLong), {}, {}};
  const auto inputs = prepare_text(model, text, "last");
  explain(plan, prepare_text(model, {text.input_ids.slice(1, 0, 8), {}, {}}, "last"), {}, {});
  BenchOptions options;
  options.repeat = repeat;
  const BenchRun run = bench(plan, inputs, {}, {}, options);
  const double whole = run.explanation.time.median_ms / 1000, gemm = run.products_ms / 1000;
  const double memory = run.explanation.peak_mib.value_or(0) - run.explanation.base_mib;
  fmt::print("| {} | {:.3f} | {:.3f} | {:.3f} | {:.2f} | {:.3f} | {:.0f} |\n", tokens, whole,
             run.forward.time.median_ms / 1000, gemm, whole / gemm,
             1000 * whole / static_cast<double>(tokens), memory);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();  // as the program does
  Sizes sizes;
  std::vector<int64_t> lengths{512, 1024, 2048, 4096, 8192};
  int repeat = 3;
  CLI::App app{"Times whole explanations of a random model beside their matrix products"};
  app.add_option("--family", sizes.family)
      ->check(CLI::IsMember({"mamba", "mamba2", "falcon_mamba"}))
      ->capture_default_str();
  app.add_option("--state", sizes.state)->capture_default_str();
  app.add_option("--layers", sizes.layers)->capture_default_str();
  app.add_option("--hidden", sizes.hidden)->capture_default_str();
  app.add_option("--vocab", sizes.vocab)->capture_default_str();
  app.add_option("--repeat", repeat)->capture_default_str();
  app.add_option("--tokens", lengths)->capture_default_str();
  std::string checkpoint;
  app.add_option("--row", checkpoint,
                 "print only the row of the first length, for the checkpoint in this folder");
  CLI11_PARSE(app, argc, argv);
  if (!checkpoint.empty()) {
    print_row(sizes, checkpoint, lengths.at(0), repeat);
    return 0;
  }
  const RandomCheckpoint random(sizes);
  print_header(sizes, repeat);
  for (const int64_t tokens : lengths) {
    std::fflush(stdout);
    const std::string command = fmt::format(
        "'{}' --family {} --layers {} --hidden {} --state {} --vocab {} --repeat {} --tokens {} --row '{}'",
        argv[0], sizes.family, sizes.layers, sizes.hidden, sizes.state, sizes.vocab, repeat, tokens,
        random.folder().string());
    if (std::system(command.c_str()) != 0) return 1;
  }
  return 0;
}
