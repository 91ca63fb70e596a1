#include <lrpp/cli/commands.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/cli/progress.h>
#include <lrpp/cli/request.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/evaluation/evaluate.h>
#include <lrpp/framework/io/file.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  evaluation::DataOptions data;
  std::vector<std::string> methods = {}, metrics = {"flipping"}, outputs, plugins;
  std::string columns = "text,label", target = "argmax";
  Computation computation;
  int64_t steps = 0, patch = 0, batch = 0, seed = 0;
  bool restart = false;
};

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// --steps is the steps of each metric that has some and was not given its own.
std::vector<evaluation::MetricPtr> read_metrics(const Options& options) {
  std::vector<evaluation::MetricPtr> metrics;
  bool used = options.steps == 0;
  for (const std::string& text : options.metrics) {
    evaluation::MetricPtr metric = evaluation::parse_metric(text);
    if (options.steps > 0 && metric->parameters().contains("steps") && text.find("steps=") == text.npos) {
      Json parameters = metric->parameters();
      parameters["steps"] = options.steps;
      metric = evaluation::make_metric(metric->name(), parameters);
      used = true;
    }
    metrics.push_back(std::move(metric));
  }
  require(used, "steps", "no metric that was asked for takes steps; leave it out");
  return metrics;
}

/// Where what has been measured is kept: beside the first output.
fs::path state_path(const std::vector<std::string>& outputs) {
  return fs::path(outputs.at(0)).replace_extension(".state.jsonl");
}

void write_outputs(const Options& options, const EvaluationReport& report, const evaluation::Dataset& dataset,
                   const evaluation::EvaluationOptions& asked, const evaluation::StateFile& state) {
  for (const std::string& output : options.outputs) {
    const std::string type = fs::path(output).extension().string();
    if (type == ".json") {
      write_atomically(output, evaluation::results(report, dataset, asked, state).dump(1) + "\n");
    } else if (type == ".md") {
      write_atomically(output, render_markdown(report));
    } else if (type == ".html") {
      write_atomically(output, render_html(report));
    } else {
      write_png(output, render_curves(report));
    }
  }
}

void evaluate_command(Options options) {
  require(!options.outputs.empty(), "output",
          "give --output F.json (or .md, .html, .png): results are written there, and what has been measured "
          "is kept "
          "beside it");
  check_outputs(options.outputs, {".json", ".md", ".html", ".png"});
  require(options.steps >= 0 && options.seed >= 0, "evaluate", "--steps and --seed must be at least 0");
  const LoadOptions load = set_computation(options.computation);
  const Registry registry = make_registry(options.plugins);
  evaluation::EvaluationOptions asked;
  asked.metrics = read_metrics(options);
  for (const std::string& method : options.methods) asked.methods.push_back(parse_method(registry, method));
  const Model model = load_model(registry, options.model, load);
  if (asked.methods.empty()) asked.methods.push_back(registry.make_method(model.default_composite));
  asked.target = options.target;
  asked.patch = options.patch;
  asked.batch = options.batch;
  add_flags(options.computation, asked.computation);
  asked.seed = options.data.seed = static_cast<uint64_t>(options.seed);
  std::optional<Tokenizer> tokenizer;
  if (fs::exists(model.directory / "tokenizer.json"))
    tokenizer = Tokenizer::from_file(model.directory / "tokenizer.json");
  asked.lookup = [&](std::string_view word) -> std::optional<int64_t> {
    if (const auto found = evaluation::class_of(model, std::string(word))) return found;
    return tokenizer && model.labels.empty() ? tokenizer->token_to_id(word) : std::nullopt;
  };
  options.data.columns = split_commas(options.columns);
  const evaluation::Dataset dataset = evaluation::read_dataset(model, tokenizer, options.data);
  evaluation::check(model, dataset, asked);
  const bool plots = std::any_of(options.outputs.begin(), options.outputs.end(),
                                 [](const std::string& output) { return output.ends_with(".png"); });
  const bool curves = std::any_of(asked.metrics.begin(), asked.metrics.end(),
                                  [](const auto& metric) { return !metric->curves().empty(); });
  require(!plots || curves, "output",
          "a PNG shows curves, and no metric that was asked for has some: flipping, "
          "insertion, srg and road do");
  for (const std::string& reason : dataset.skipped)
    std::fputs(fmt::format("lrpp: warning: left out {}\n", reason).c_str(), stderr);

  const fs::path path = state_path(options.outputs);
  if (options.restart) fs::remove(path);
  evaluation::StateFile state(path, evaluation::fingerprint(model, dataset, asked));
  {
    ProgressBar bar;
    evaluation::evaluate(registry, model, dataset, asked, state,
                         [&](int64_t done, int64_t total) { bar.show(done, total); });
  }
  EvaluationReport report = evaluation::summarize(model, dataset, asked, state);
  report.data = options.data.path.filename().string();
  write_outputs(options, report, dataset, asked, state);
  fmt::print("{}", render_markdown(report));
  std::fflush(stdout);
  tell_written(options.outputs);
}

void add_options(CLI::App& command, Options& options) {
  command.add_option("MODEL", options.model, "directory with config.json and model.safetensors")->required();
  command
      .add_option(
          "--data", options.data.path,
          "texts: a TSV file, a text and its label a line. Pictures: a folder, its subfolders being labels")
      ->required()
      ->check(not_empty());
  command
      .add_option("--columns", options.columns,
                  "of the TSV file: text, label, truth (12-18,30-35), or - to pass over")
      ->capture_default_str();
  command.add_flag("--header", options.data.header, "the first line of the TSV file names its columns");
  command
      .add_option("--labels", options.data.labels,
                  "of pictures: a TSV file of path and label, instead of subfolders")
      ->check(not_empty());
  command
      .add_option("--truth", options.data.truth,
                  "of pictures: a folder of the same names, white where the truth lies")
      ->check(not_empty());
  command.add_flag("--skip-bad", options.data.skip_bad,
                   "leave out examples that cannot be used, and say which");
  command
      .add_option(
          "--method", options.methods,
          "what explains (see lrpp methods, composites); may be given again (default: the model family's)")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--metric", options.metrics, "what is measured (see lrpp metrics); may be given again")
      ->allow_extra_args(false)
      ->take_all()
      ->default_str("flipping");
  command.add_option("--samples", options.data.samples,
                     "how many examples, chosen by the seed (default: all)");
  command.add_option("--seed", options.seed, "of samples, noise and intervals")->capture_default_str();
  command.add_option("--steps", options.steps, "points of curves (default: 10)");
  command
      .add_option("--target", options.target, "argmax, label (what the data say), an index, a label, or A-B")
      ->capture_default_str();
  command.add_option("--patch", options.patch,
                     "side of a picture's patches in pixels (default: the model's own)");
  command.add_option("--batch", options.batch, "inputs that run together, at most (default: by their size)");
  add_computation_options(command, options.computation);
  command.add_option("--plugin", options.plugins, "a plugin library to load first; may be given again")
      ->take_all();
  command
      .add_option("--output", options.outputs,
                  "F.json, F.md, F.html or F.png; may be given again. What has been measured is kept in "
                  "F.state.jsonl beside the first, so that a run that was stopped goes on")
      ->take_all();
  command.add_flag("--restart", options.restart, "throw away what has been measured");
}

}  // namespace

void add_evaluate(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "evaluate", "measure how faithful, conservative, robust and sparse explanations are");
  const auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->callback([&exit_code, options] {
    evaluate_command(*options);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
