#include <lrpp/cli/commands.h>
#include <lrpp/cli/comparison.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/cli/progress.h>
#include <lrpp/framework/io/call.h>
#include <lrpp/framework/io/file.h>

#include <cstdio>

namespace lrpp::cli {
namespace {

struct Options {
  Compared compared;
  std::vector<std::string> method, outputs;
  std::string methods;  ///< the same in one list
};

std::string written(const CompareReport& report, const std::string& output) {
  if (output.ends_with(".html")) return render_html(report);
  return to_json(report).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void compare_command(Options options) {
  check_outputs(options.outputs, {".html", ".json"});
  Compared& compared = options.compared;
  compared.methods = options.method;
  if (!options.methods.empty()) {
    const std::vector<std::string> list = split_calls(options.methods, "methods");
    compared.methods.insert(compared.methods.end(), list.begin(), list.end());
  }
  check(compared);
  const CompareReport report = compare(compared);
  for (const std::string& output : options.outputs) write_atomically(output, written(report, output));
  fmt::print("{}", render_terminal(report, terminal_width()));
  std::fflush(stdout);
  tell_written(options.outputs);
}

}  // namespace

void add_compare(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("compare", "several models, or several methods, on one input, side by side");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("MODEL", options->compared.models,
                   "directories of models of one task; one, with several methods")
      ->required();
  add_explain_options(*command, options->compared.request);
  command
      ->add_option(
          "--method", options->method,
          "of one model: what explains, of `lrpp methods` and `lrpp composites`, or a rules file F.json; "
          "given at least twice")
      ->allow_extra_args(false)
      ->take_all();
  command
      ->add_option("--methods", options->methods,
                   "the same as one list: 'mamba-lrp,smooth-grad(samples=5,noise=0.1),F.json'")
      ->check(not_empty());
  command->add_option("--output", options->outputs, "also write F.html or F.json; may be given again")
      ->take_all();
  command->callback([&exit_code, options] {
    compare_command(*options);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
