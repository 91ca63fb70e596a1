#include <fmt/ranges.h>
#include <lrpp/cli/commands.h>
#include <lrpp/cli/inputs.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/compare/agreement.h>
#include <lrpp/framework/evaluation/take_away.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/report/compare_report.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

struct Options {
  Request request;
  std::vector<std::string> models, methods, outputs;
};

/// Points of the flipping and insertion curves.
constexpr int64_t curve_steps = 10;
/// Of units that are ranked, so many are "the first": five words, a tenth of the pixels.
int64_t first_of(int64_t units, bool image) {
  return image ? std::max<int64_t>(1, units / 10) : std::min<int64_t>(5, units);
}

void check(const Options& options) {
  check_outputs(options.outputs, {".html", ".json"});
  check_one_input(options.request);
  require(options.request.input.empty(), "compare",
          "models are compared on a text or a picture, since ids mean another thing to each; give --text, "
          "--text-file or "
          "--image");
  require(options.request.images.size() <= 1, "compare", "takes one --image; got {}",
          options.request.images.size());
  const size_t targets = options.request.targets.size();
  require(targets == 1 && options.request.targets[0] != "all" && options.request.targets[0] != "input",
          "target", "one target is compared, by its label; name it");
  require(options.request.position == "last", "position",
          "models' tokens differ, and so do their positions; leave --position out");
  const auto several = [](const std::vector<std::string>& list) { return list.size() > 1; };
  require(several(options.models) != several(options.methods), "compare",
          "takes several models, or one model and several --method; got {} model(s) and {} method(s)",
          options.models.size(), options.methods.size());
  const auto twice = [](std::vector<std::string> list) {
    std::sort(list.begin(), list.end());
    return std::adjacent_find(list.begin(), list.end()) != list.end();
  };
  require(!twice(options.models) && !twice(options.methods), "compare",
          "a model or method is given more than once");
  require(options.methods.size() != 1 && (options.methods.empty() || options.request.rules.empty()),
          "compare", "--method is given at least twice, and without --rules");
}

/// What has to agree for two models to answer one question.
struct Question {
  std::string model, task;
  std::vector<std::string> labels;  ///< in alphabetical order
  int64_t vocabulary = 0;           ///< of language models
};

Question question_of(const Model& model) {
  Question question{model.directory.string(), model.task, model.labels, 0};
  std::sort(question.labels.begin(), question.labels.end());
  if (model.labels.empty()) question.vocabulary = model.vocabulary_size;
  return question;
}

void check_same(const Question& first, const Question& other) {
  require(first.task == other.task, "compare", "'{}' is a {}, and '{}' a {}; compare models of one task",
          first.model, first.task, other.model, other.task);
  require(first.labels == other.labels, "compare",
          "the labels of '{}' ({}) are not those of '{}' ({}); compare models that were trained on one task",
          first.model, fmt::format("{}", fmt::join(first.labels, ", ")), other.model,
          fmt::format("{}", fmt::join(other.labels, ", ")));
  require(first.vocabulary == other.vocabulary, "compare",
          "'{}' and '{}' are language models of different vocabularies ({} and {} tokens), so that a target "
          "means another "
          "thing to each",
          first.model, other.model, first.vocabulary, other.vocabulary);
}

/// dA_F and dA_I on this one input.
void measure_faithfulness(CompareReport::Side& side, const Prepared& prepared,
                          const Attribution& attribution) {
  using namespace evaluation;
  const Model& model = prepared.model;
  Features features;
  if (model.image) {
    features.patch =
        default_patch(model, prepared.pixels.pixel_values.size(2), prepared.pixels.pixel_values.size(3));
  } else {
    std::vector<int64_t> tokens;
    for (size_t i = 0; i < prepared.encoding->special.size(); ++i)
      if (!prepared.encoding->special[i]) tokens.push_back(static_cast<int64_t>(i));
    features.tokens = at::tensor(tokens, at::kLong);
  }
  const ValueModel values(model);
  const Tensor relevance = features.relevance(attribution);
  const auto followed = [&](bool insertion) {
    return Followed{masked_model(values, prepared.inputs, features, default_way(model, insertion)),
                    attribution.target};
  };
  side.flipping_gain = flipping_gain(flipping_curves(followed(false), relevance, curve_steps)).item<double>();
  side.insertion_gain =
      insertion_gain(insertion_curves(followed(true), relevance, curve_steps)).item<double>();
}

class Comparison {
 public:
  explicit Comparison(const Options& options) : request_(options.request) {
    report_.by_method = options.models.size() == 1;
    const std::vector<std::string>& names = report_.by_method ? options.methods : options.models;
    request_.model = options.models[0];
    for (const std::string& name : names) {
      (report_.by_method ? request_.method : request_.model) = name;
      add(name);
    }
  }

  CompareReport finish() {
    const bool image = !report_.input.empty();
    if (!image) {
      report_.words = common_words(texts_);
      for (size_t i = 0; i < texts_.size(); ++i) {
        CompareReport::Side& side = report_.sides[i];
        side.relevance = relevance_of_words(texts_, report_.words, i);
        side.outside = side.report.relevance_sum;
        for (const double value : side.relevance) side.outside -= value;
      }
    } else {
      for (size_t i = 0; i < maps_.size(); ++i) {
        const Tensor grid = to_grid(maps_[i], report_.height, report_.width).contiguous();
        report_.sides[i].relevance.assign(grid.const_data_ptr<double>(),
                                          grid.const_data_ptr<double>() + grid.numel());
      }
    }
    std::vector<Tensor> rows;
    for (const auto& side : report_.sides) rows.push_back(at::tensor(side.relevance, at::kDouble));
    const Tensor relevance = at::stack(rows);
    const Agreement agreement = lrpp::agreement(relevance, first_of(relevance.size(1), image));
    report_.k = agreement.k;
    for (int64_t i = 0; i < relevance.size(0); ++i) {
      report_.correlation.push_back(numbers(agreement.rank_correlation[i]));
      report_.overlap.push_back(numbers(agreement.overlap[i]));
    }
    return std::move(report_);
  }

 private:
  void add(const std::string& name) {
    const Prepared prepared = prepare(request_);
    require(prepared.method->readout() == Readout::relevance, "compare",
            "'{}' hands out the gradient, which is no relevance; take gradient-x-input",
            prepared.method->name());
    const Question question = question_of(prepared.model);
    if (report_.sides.empty()) {
      question_ = question;
    } else {
      check_same(question_, question);
    }
    const Attribution attribution = run(request_, prepared);
    Json record = cli::record(request_, prepared);
    const Explanation explanation{prepared, attribution, record};
    CompareReport::Side side;
    if (prepared.model.image) {
      add_map(side, explanation);
    } else {
      texts_.push_back(make_text_reports(explanation).at(0));
      side.report = texts_.back();
    }
    side.name = report_.by_method ? name : side.report.model;
    if (report_.sides.empty()) {
      // What the first one explained is asked of all, by its name: an index may be another class elsewhere.
      report_.target = side.report.target;
      const TargetIndex& index = attribution.target;
      const int64_t contrast = index.contrast.defined() ? index.contrast[0].item<int64_t>() : -1;
      request_.targets = {prepared.label(index.target[0].item<int64_t>()) +
                          (contrast < 0 ? "" : "-" + prepared.label(contrast))};
    }
    measure_faithfulness(side, prepared, attribution);
    report_.sides.push_back(std::move(side));
  }

  void add_map(CompareReport::Side& side, const Explanation& explanation) {
    const ImageReport image = make_image_reports(explanation).at(0);
    side.report = image;
    report_.input = explanation.prepared.pictures.at(0).path;
    report_.height = maps_.empty() ? image.height : std::min(report_.height, image.height);
    report_.width = maps_.empty() ? image.width : std::min(report_.width, image.width);
    maps_.push_back(at::tensor(image.relevance, at::kDouble).view({image.height, image.width}));
    side.heat_map = encode_png(render_heat_map(explanation.prepared.pictures[0].shown, image.relevance,
                                               image.height, image.width, heat_map_scale(image.relevance),
                                               HeatMapLayout::side_by_side));
  }

  Request request_;
  CompareReport report_;
  Question question_;
  std::vector<TextReport> texts_;
  std::vector<Tensor> maps_;
};

void compare_command(const Options& options) {
  check(options);
  const CompareReport report = Comparison(options).finish();
  for (const std::string& output : options.outputs) {
    write_atomically(output,
                     output.ends_with(".html")
                         ? render_html(report)
                         : to_json(report).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  fmt::print("{}", render_terminal(report));
  std::fflush(stdout);
  tell_written(options.outputs);
}

}  // namespace

void add_compare(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("compare", "several models, or several methods, on one input, side by side");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("MODEL", options->models, "directories of models of one task; one, with several --method")
      ->required();
  add_explain_options(*command, options->request);
  command
      ->add_option(
          "--method", options->methods,
          "of one model: what explains, of `lrpp methods` and `lrpp composites`; given at least twice")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--output", options->outputs, "also write F.html or F.json; may be given again")
      ->take_all();
  command->callback([&exit_code, options] {
    compare_command(*options);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
