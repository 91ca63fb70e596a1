// Whole explanations of a randomly initialised Mamba at the sizes of mamba-130m, beside the matrix products
// that they cannot do without, in one run. Prints a Markdown table.
//   bench_explain [--layers 24] [--hidden 768] [--vocab 50280] [--repeat 3] [--tokens 512 1024 ...]
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/io/file.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

using namespace lrpp;

struct Sizes {
  int64_t layers = 24, hidden = 768, vocab = 50280, state = 16;
  int64_t inner() const { return 2 * hidden; }
  int64_t rank() const { return (hidden + 15) / 16; }
};

template <class F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class F>
double median_seconds(int repeat, F&& f) {
  std::vector<double> times;
  f();  // warm-up
  for (int i = 0; i < repeat; ++i) times.push_back(seconds(f));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// A checkpoint with the initialisation of the Mamba paper, in a folder that goes when the program ends.
class RandomCheckpoint {
 public:
  explicit RandomCheckpoint(const Sizes& s) {
    folder_ = std::filesystem::temp_directory_path() / ("lrpp-bench-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    at::manual_seed(0);
    NamedTensors tensors;
    const auto normal = [&](const std::string& name, std::vector<int64_t> shape, double std) {
      tensors.emplace_back("backbone." + name, at::randn(shape) * std);
    };
    normal("embeddings.weight", {s.vocab, s.hidden}, 0.02);
    for (int64_t i = 0; i < s.layers; ++i) {
      const std::string layer = "layers." + std::to_string(i) + ".", mixer = layer + "mixer.";
      tensors.emplace_back("backbone." + layer + "norm.weight", at::ones({s.hidden}));
      normal(mixer + "in_proj.weight", {2 * s.inner(), s.hidden}, 1 / std::sqrt(s.hidden));
      normal(mixer + "conv1d.weight", {s.inner(), 1, 4}, 0.3);
      normal(mixer + "conv1d.bias", {s.inner()}, 0.1);
      normal(mixer + "x_proj.weight", {s.rank() + 2 * s.state, s.inner()}, 1 / std::sqrt(s.inner()));
      normal(mixer + "dt_proj.weight", {s.inner(), s.rank()}, 1 / std::sqrt(s.rank()));
      tensors.emplace_back("backbone." + mixer + "dt_proj.bias", at::full({s.inner()}, -4.0F));
      const at::Tensor A = at::arange(1, s.state + 1, at::kFloat).log();
      tensors.emplace_back("backbone." + mixer + "A_log", A.expand({s.inner(), s.state}).contiguous());
      tensors.emplace_back("backbone." + mixer + "D", at::ones({s.inner()}));
      normal(mixer + "out_proj.weight", {s.hidden, s.inner()}, 1 / std::sqrt(s.inner() * 2.0 * s.layers));
    }
    tensors.emplace_back("backbone.norm_f.weight", at::ones({s.hidden}));
    save_safetensors(folder_ / "model.safetensors", tensors);
    const Json config = {{"model_type", "mamba"},         {"vocab_size", s.vocab},
                         {"hidden_size", s.hidden},       {"state_size", s.state},
                         {"num_hidden_layers", s.layers}, {"time_step_rank", "auto"}};
    write_atomically(folder_ / "config.json", config.dump());
  }
  ~RandomCheckpoint() { std::filesystem::remove_all(folder_); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// The matrix products of one explanation under mamba-lrp and nothing else: four a layer going forward, two
/// going back (no relevance reaches x_proj and dt_proj).
double gemm_seconds(const Sizes& s, int64_t tokens, int repeat) {
  const at::Tensor in = at::randn({2 * s.inner(), s.hidden}), out = at::randn({s.hidden, s.inner()});
  const at::Tensor x_proj = at::randn({s.rank() + 2 * s.state, s.inner()}),
                   dt = at::randn({s.inner(), s.rank()});
  const at::Tensor d = at::randn({tokens, s.hidden}), e = at::randn({tokens, s.inner()});
  const at::Tensor two = at::randn({tokens, 2 * s.inner()}), r = at::randn({tokens, s.rank()});
  return median_seconds(repeat, [&] {
    for (int64_t i = 0; i < s.layers; ++i) {
      at::linear(d, in);
      at::linear(e, x_proj);
      at::linear(r, dt);
      at::linear(e, out);
      at::matmul(d, out);
      at::matmul(two, in);
    }
  });
}

/// A line of /proc/self/status in MiB: VmRSS (now) or VmHWM (the largest since `reset_peak`).
double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

void reset_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

void print_header(const Sizes& sizes, int repeat) {
  fmt::print(
      "{} layers, hidden size {}, float32, {} threads; medians of {}, each length in a process of its "
      "own\n\n",
      sizes.layers, sizes.hidden, at::get_num_threads(), repeat);
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
  reset_peak();
  const double base = status_mib("VmRSS");
  explain(plan, inputs, {}, {});
  const double memory = status_mib("VmHWM") - base;
  const double whole = median_seconds(repeat, [&] { explain(plan, inputs, {}, {}); });
  const double going_forward = median_seconds(repeat, [&] { forward(plan, inputs); });
  const double gemm = gemm_seconds(sizes, tokens, repeat);
  fmt::print("| {} | {:.3f} | {:.3f} | {:.3f} | {:.2f} | {:.3f} | {:.0f} |\n", tokens, whole, going_forward,
             gemm, whole / gemm, 1000 * whole / static_cast<double>(tokens), memory);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();  // as the program does
  Sizes sizes;
  std::vector<int64_t> lengths{512, 1024, 2048, 4096, 8192};
  int repeat = 3;
  CLI::App app{"Times whole explanations of a random Mamba beside their matrix products"};
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
    const std::string command =
        fmt::format("'{}' --layers {} --hidden {} --vocab {} --repeat {} --tokens {} --row '{}'", argv[0],
                    sizes.layers, sizes.hidden, sizes.vocab, repeat, tokens, random.folder().string());
    if (std::system(command.c_str()) != 0) return 1;
  }
  return 0;
}
