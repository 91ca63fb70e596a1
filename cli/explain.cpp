#include <lrpp/cli/commands.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/cli/progress.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/terminal_layers.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

/// What the options say of what is read besides: 1 asked for, -1 refused, 0 as the outputs need it.
struct Asked {
  int layers = 0, ledger = 0;
};

/// An automatic ledger keeps every value of explanations up to this size: of texts their tokens together, and
/// pictures.
constexpr int64_t most_tokens = 4096, most_pictures = 8;

/// What is read, and what a page says of what is not.
struct Choice {
  Reads reads;
  std::string left_out;
};

/// A page shows layers and ledger where rules explain, unless that could be too large for memory.
Choice choose_reads(const Request& request, const Asked& asked, bool page) {
  const bool own_memory = request.recompute != "auto" || !request.memory.empty();
  require(asked.ledger <= 0 || !own_memory, "ledger",
          "it keeps every value, which --memory and --recompute are to avoid; leave one of them out");
  const bool automatic = page && request.method.empty();
  Choice choice;
  choice.reads.layers = asked.layers > 0 || (automatic && asked.layers == 0);
  choice.reads.ledger = asked.ledger > 0 || (automatic && asked.ledger == 0 && !own_memory);
  if (page && !request.method.empty()) {
    choice.left_out = "Where the score went, layer by layer, is known of composites of rules (--rules).";
  } else if (page && asked.ledger == 0 && own_memory) {
    choice.left_out =
        "Where the score went is left out: a ledger keeps every value, and --memory or --recompute is given.";
  }
  return choice;
}

/// How many explanations each text or picture has.
int64_t explanations_of_each(const Request& request, const Prepared& prepared) {
  const auto position = prepared.inputs.find("position");  // [B P]
  const int64_t positions =
      position == prepared.inputs.end() ? 1 : position->second.numel() / prepared.examples();
  const size_t targets = request.targets[0] == "all" ? prepared.model.labels.size() : request.targets.size();
  return positions * static_cast<int64_t>(targets);
}

/// The ledger of a large input is kept where it is asked for, not by default.
void limit_ledger(Choice& choice, const Request& request, const Asked& asked, Prepared& prepared) {
  if (!choice.reads.ledger || asked.ledger > 0) return;
  const bool sees = prepared.model.image.has_value();
  const int64_t each = explanations_of_each(request, prepared);
  const int64_t size =
      each * (sees ? prepared.pixels.pixel_values.size(0) : prepared.tokens.input_ids.numel());
  if (size <= (sees ? most_pictures : most_tokens)) return;
  choice.reads.ledger = false;
  choice.left_out = fmt::format(
      "Where the score went is left out: a ledger keeps every value, and there are {} {}{}. --ledger "
      "brings it.",
      size, sees ? "pictures" : "tokens", each > 1 ? " in all explanations" : "");
  read_besides(prepared, choice.reads);
}

/// More examples than this are not shown one by one: that is what output files are for.
constexpr size_t shown_examples = 8;

bool is_png(const std::string& output) { return output.ends_with(".png"); }
bool is_page(const std::string& output) { return output.ends_with(".html"); }

/// What was asked for beyond the report.
void print_reads(const Report& report, const Asked& asked) {
  if (asked.ledger > 0 && report.flow)
    fmt::print("\nwhere the score went: {}\n", flow_sentence(*report.flow));
  if (asked.layers > 0) fmt::print("\n{}", layers_terminal(report, terminal_width()));
}

template <class AnyReport>
void print_reports(const std::vector<AnyReport>& reports, const Asked& asked) {
  for (size_t i = 0; i < reports.size() && i < shown_examples; ++i) {
    const std::string& which = reports[i].which;
    if (reports.size() > 1) {
      fmt::print("{}{} {} of {}{}\n", i == 0 ? "" : "\n", which.empty() ? "Example" : "Explanation", i + 1,
                 reports.size(), which.empty() ? "" : ": " + which);
    }
    fmt::print("{}", render_terminal(reports[i], terminal_width(), wants_color()));
    print_reads(reports[i], asked);
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

void explain_command(const Request& request, const std::string& heat_map, const Asked& asked,
                     const std::vector<std::string>& outputs) {
  check_outputs(outputs, {".json", ".safetensors", ".html", ".png", ".svg", ".pdf"});
  const bool maps = std::any_of(outputs.begin(), outputs.end(), is_png);
  require(maps || heat_map.empty(), "heat-map",
          "it says how an --output F.png is drawn; add one, or leave it out");
  const HeatMapLayout layout =
      heat_map.empty() ? HeatMapLayout::side_by_side : heat_map_layout_from_name(heat_map);
  const bool page = std::any_of(outputs.begin(), outputs.end(), is_page);
  Choice choice = choose_reads(request, asked, page);
  Prepared prepared = prepare(request, choice.reads);
  limit_ledger(choice, request, asked, prepared);
  require(prepared.model.image || heat_map.empty(), "heat-map",
          "it says how the PNG of a picture is drawn, and this model reads text; leave it out");
  check_outputs_fit(outputs, layout, request, prepared);
  const Attribution attribution = run(request, prepared);
  Json record = cli::record(request, prepared);
  record.update(attribution.facts);
  const Explanation explanation{prepared, attribution, record, choice.left_out};
  if (prepared.model.image) {
    const std::vector<ImageReport> reports = make_image_reports(explanation);
    for (const std::string& output : outputs) write_output(output, explanation, reports, layout);
    print_reports(reports, asked);
    if (maps) fmt::print("heat map: {}\n", heat_map_ends(reports.at(0)));
  } else {
    const std::vector<TextReport> reports = make_text_reports(explanation);
    for (const std::string& output : outputs) write_output(output, explanation, reports);
    print_reports(reports, asked);
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
    Asked asked;
    std::vector<std::string> outputs;
  };
  const auto options = std::make_shared<Options>();
  add_request_options(*command, options->request);
  add_method_option(*command, options->request);
  add_memory_options(*command, options->request);
  command
      ->add_option("--output", options->outputs,
                   "also write F.json, F.safetensors, F.html, F.png, and F.svg or F.pdf (of texts); may be "
                   "given again")
      ->take_all();
  command->add_option(
      "--heat-map", options->heat_map,
      "how F.png shows the relevance: side-by-side (default), or overlay (over the picture in grey)");
  command
      ->add_flag("--layers{1},--no-layers{-1}", options->asked.layers,
                 "read relevance between the layers too (by default where an F.html is written by rules)")
      ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  command
      ->add_flag("--ledger{1},--no-ledger{-1}", options->asked.ledger,
                 "keep the ledger of where the score went, and with it every value (likewise, up to 4,096 "
                 "tokens or 8 pictures)")
      ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  command->callback([&exit_code, options] {
    explain_command(options->request, options->heat_map, options->asked, options->outputs);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
