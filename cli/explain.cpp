#include <lrpp/cli/commands.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/cli/progress.h>

#include <cstdio>

namespace lrpp::cli {
namespace {

/// More examples than this are not shown one by one: that is what output files are for.
constexpr size_t shown_examples = 8;

void explain_command(const Request& request, const std::vector<std::string>& outputs) {
  check_outputs(outputs, {".json", ".safetensors", ".html"});
  const Prepared prepared = prepare(request, /*audit=*/false);
  const Inputs inputs = prepare_text(prepared.model, prepared.tensors, request.position);
  const Attribution attribution = run(request, prepared, inputs);
  const Json record = cli::record(request, prepared);
  const std::vector<TextReport> reports = make_reports(prepared, attribution, record, inputs.at("position"));
  for (const std::string& output : outputs) write_output(output, prepared, attribution, record, reports);
  for (size_t i = 0; i < reports.size() && i < shown_examples; ++i) {
    if (reports.size() > 1) fmt::print("{}Example {} of {}\n", i == 0 ? "" : "\n", i + 1, reports.size());
    fmt::print("{}", render_terminal(reports[i], terminal_width(), wants_color()));
  }
  if (reports.size() > shown_examples)
    fmt::print("\n... and {} more examples\n", reports.size() - shown_examples);
  std::fflush(stdout);
  tell_written(outputs);
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("explain", "show which parts of the input an output rests on");
  const auto request = std::make_shared<Request>();
  const auto outputs = std::make_shared<std::vector<std::string>>();
  add_request_options(*command, *request);
  command->add_option("--output", *outputs, "also write F.json, F.safetensors or F.html; may be given again")
      ->take_all();
  command->callback([&exit_code, request, outputs] {
    explain_command(*request, *outputs);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
