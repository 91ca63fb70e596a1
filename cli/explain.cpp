#include <lrpp/cli/commands.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/cli/progress.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

/// More examples than this are not shown one by one: that is what output files are for.
constexpr size_t shown_examples = 8;

bool is_png(const std::string& output) { return output.ends_with(".png"); }

template <class AnyReport>
void print_reports(const std::vector<AnyReport>& reports) {
  for (size_t i = 0; i < reports.size() && i < shown_examples; ++i) {
    const std::string& which = reports[i].which;
    if (reports.size() > 1) {
      fmt::print("{}{} {} of {}{}\n", i == 0 ? "" : "\n", which.empty() ? "Example" : "Explanation", i + 1,
                 reports.size(), which.empty() ? "" : ": " + which);
    }
    fmt::print("{}", render_terminal(reports[i], terminal_width(), wants_color()));
  }
  if (reports.size() > shown_examples)
    fmt::print("\n... and {} more {}\n", reports.size() - shown_examples,
               reports[0].which.empty() ? "examples" : "explanations");
}

void print_facts(const Attribution& attribution) {
  const auto found = attribution.facts.find("completeness");
  if (found == attribution.facts.end()) return;
  fmt::print("completeness: the sum misses F(x) - F(baseline) by {:.2g} of it{}\n",
             (*found)["largest_relative_gap"].get<double>(),
             attribution.logits.size(0) > 1 ? " at most" : "");
}

void explain_command(const Request& request, const std::string& heat_map,
                     const std::vector<std::string>& outputs) {
  check_outputs(outputs, {".json", ".safetensors", ".html", ".png"});
  const bool maps = std::any_of(outputs.begin(), outputs.end(), is_png);
  require(maps || heat_map.empty(), "heat-map",
          "it says how an --output F.png is drawn; add one, or leave it out");
  const HeatMapLayout layout =
      heat_map.empty() ? HeatMapLayout::side_by_side : heat_map_layout_from_name(heat_map);
  const Prepared prepared = prepare(request);
  check_outputs_fit(outputs, layout, request, prepared);
  const Attribution attribution = run(request, prepared);
  Json record = cli::record(request, prepared);
  record.update(attribution.facts);
  const Explanation explanation{prepared, attribution, record};
  if (prepared.model.image) {
    const std::vector<ImageReport> reports = make_image_reports(explanation);
    for (const std::string& output : outputs) write_output(output, explanation, reports, layout);
    print_reports(reports);
    if (maps) fmt::print("heat map: {}\n", heat_map_ends(reports.at(0)));
  } else {
    const std::vector<TextReport> reports = make_text_reports(explanation);
    for (const std::string& output : outputs) write_output(output, explanation, reports);
    print_reports(reports);
  }
  print_facts(attribution);
  std::fflush(stdout);
  tell_written(outputs);
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("explain", "show which parts of the input an output rests on");
  struct Options {
    Request request;
    std::string heat_map;
    std::vector<std::string> outputs;
  };
  const auto options = std::make_shared<Options>();
  add_request_options(*command, options->request);
  add_method_option(*command, options->request);
  add_memory_options(*command, options->request);
  command
      ->add_option("--output", options->outputs,
                   "also write F.json, F.safetensors, F.html or F.png (pictures); may be given again")
      ->take_all();
  command->add_option(
      "--heat-map", options->heat_map,
      "how F.png shows the relevance: side-by-side (default), or overlay (over the picture in grey)");
  command->callback([&exit_code, options] {
    explain_command(options->request, options->heat_map, options->outputs);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
