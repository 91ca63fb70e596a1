#include <fmt/ranges.h>
#include <lrpp/cli/comparison.h>
#include <lrpp/cli/inputs.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/compare/agreement.h>
#include <lrpp/framework/compare/common_grid.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/evaluation/take_away.h>

#include <algorithm>
#include <map>

namespace lrpp::cli {
namespace {

namespace fs = std::filesystem;

/// Points of the flipping and insertion curves.
constexpr int64_t curve_steps = 10;
/// Of units that are ranked, so many are "the first": five words, a tenth of the cells.
int64_t first_of(int64_t units, bool text) {
  return text ? std::min<int64_t>(5, units) : std::max<int64_t>(1, units / 10);
}

bool is_rules_file(const std::string& method) { return fs::path(method).extension() == ".json"; }

MethodPtr read_method(const Registry& registry, const std::string& text) {
  if (!is_rules_file(text)) return parse_method(registry, text);
  return std::make_shared<const CompositeMethod>(composite_from_argument(registry, text));
}

std::string canonical(const std::string& path) {
  std::error_code ignored;
  // "zoo/model" and "zoo/model/" are one folder.
  return (fs::weakly_canonical(path, ignored) / "").parent_path().string();
}

/// Refuses two names, as they were given, that stand for one thing.
class Different {
 public:
  void add(const std::string& name, const std::string& meaning) {
    const auto [other, is_new] = names_.emplace(meaning, name);
    require(is_new, "compare", "'{}' and '{}' are the same: it would be given more than once", other->second,
            name);
  }

 private:
  std::map<std::string, std::string> names_;
};

void check_methods(const Compared& compared) {
  const Registry registry = make_registry(compared.request.plugins);
  Different different;
  for (const std::string& name : compared.methods) {
    const MethodPtr method = read_method(registry, name);
    require(method->readout() == Readout::relevance, "compare",
            "'{}' hands out the gradient, which is no relevance; take gradient-x-input", name);
    different.add(name, is_rules_file(name) ? canonical(name) : describe(*method));
  }
}

void check_models(const Compared& compared) {
  Different different;
  for (const std::string& name : compared.models) {
    std::error_code ignored;
    require(fs::is_directory(name, ignored), "compare",
            "'{}' is no folder; a model is one, with its config.json", name);
    different.add(name, canonical(name));
  }
}

/// Names of models for readers: their folders', and whole paths where folders of one name are compared.
std::vector<std::string> model_names(const std::vector<std::string>& models) {
  std::vector<std::string> names;
  for (const std::string& model : models) names.push_back(fs::path(canonical(model)).filename().string());
  for (const std::string& name : names)
    if (std::count(names.begin(), names.end(), name) > 1) return models;
  return names;
}

/// What has to agree for two models to answer one question.
struct Question {
  std::string model, task;
  std::vector<std::string> labels;      ///< in alphabetical order
  std::vector<std::string> vocabulary;  ///< of language models, whose answers are tokens; likewise
};

Question question_of(const std::string& name, const Prepared& prepared) {
  Question question{name, prepared.model.task, prepared.model.labels, {}};
  std::sort(question.labels.begin(), question.labels.end());
  if (!question.labels.empty() || !prepared.tokenizer) return question;
  const Tokenizer& tokenizer = *prepared.tokenizer;
  for (int64_t id = 0; id < tokenizer.vocabulary_size(); ++id)
    question.vocabulary.push_back(tokenizer.id_to_token(id));
  std::sort(question.vocabulary.begin(), question.vocabulary.end());
  return question;
}

/// A token that one of two sorted vocabularies has alone.
std::string difference(const Question& a, const Question& b) {
  std::vector<std::string> alone;
  std::set_symmetric_difference(a.vocabulary.begin(), a.vocabulary.end(), b.vocabulary.begin(),
                                b.vocabulary.end(), std::back_inserter(alone));
  return fmt::format("{} tokens are in one alone, such as '{}'", alone.size(), alone.at(0));
}

void check_same(const Question& first, const Question& other) {
  require(first.task == other.task, "compare",
          "'{}' is of the kind '{}', and '{}' of the kind '{}'; compare models of one task", first.model,
          first.task, other.model, other.task);
  require(first.labels == other.labels, "compare",
          "the labels of '{}' ({}) are not those of '{}' ({}); compare models that were trained on one task",
          first.model, fmt::format("{}", fmt::join(first.labels, ", ")), other.model,
          fmt::format("{}", fmt::join(other.labels, ", ")));
  if (first.vocabulary != other.vocabulary) {
    fail("compare",
         "'{}' and '{}' are language models of different vocabularies ({}), so that a target means another "
         "thing to each",
         first.model, other.model, difference(first, other));
  }
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
  explicit Comparison(const Compared& compared) : request_(compared.request) {
    report_.by_method = compared.models.size() == 1;
    request_.model = compared.models[0];
    if (report_.by_method) {
      for (const std::string& method : compared.methods) {
        (is_rules_file(method) ? request_.rules : request_.method) = method;
        (is_rules_file(method) ? request_.method : request_.rules).clear();
        add_named(method, method);
      }
      return;
    }
    const std::vector<std::string> names = model_names(compared.models);
    for (size_t i = 0; i < names.size(); ++i) {
      request_.model = compared.models[i];
      add_named(names[i], request_.model);
    }
  }

  CompareReport finish() {
    const Tensor relevance = report_.of_text() ? relevance_on_words() : relevance_on_grid();
    const Agreement agreement = lrpp::agreement(relevance, first_of(relevance.size(1), report_.of_text()));
    report_.k = agreement.k;
    for (int64_t i = 0; i < relevance.size(0); ++i) {
      report_.correlation.push_back(numbers(agreement.rank_correlation[i]));
      report_.overlap.push_back(numbers(agreement.overlap[i]));
    }
    return std::move(report_);
  }

 private:
  /// `given`: the side as the user wrote it, for messages.
  void add_named(const std::string& name, const std::string& given) {
    try {
      add(name, given);
    } catch (const UserError& error) {
      throw UserError(fmt::format("{} (while comparing '{}')", error.what(), given));
    }
  }

  void add(const std::string& name, const std::string& given) {
    Prepared prepared = prepare_model(request_);
    require(prepared.method->readout() == Readout::relevance, "compare",
            "'{}' hands out the gradient, which is no relevance; take gradient-x-input",
            prepared.method->name());
    const Question question = question_of(given, prepared);
    if (report_.sides.empty()) {
      question_ = question;
    } else if (!report_.by_method) {
      check_same(question_, question);
    }
    read_inputs(request_, prepared);
    const Attribution attribution = run(request_, prepared);
    Json record = cli::record(request_, prepared);
    record.update(attribution.facts);
    const Explanation explanation{prepared, attribution, record};
    CompareReport::Side side;
    if (prepared.model.image) {
      add_map(side, name, explanation);
    } else {
      texts_.push_back(make_text_reports(explanation).at(0));
      side.report = texts_.back();
    }
    side.name = name;
    ask_the_same(side.report.target, prepared, attribution.target);
    measure_faithfulness(side, prepared, attribution);
    report_.sides.push_back(std::move(side));
  }

  /// What the first side explained is asked of all, by its name: an index may be another class elsewhere.
  void ask_the_same(const std::string& target, const Prepared& prepared, const TargetIndex& index) {
    if (report_.sides.empty()) {
      report_.target = target;
      const int64_t contrast = index.contrast.defined() ? index.contrast[0].item<int64_t>() : -1;
      request_.targets = {prepared.label(index.target[0].item<int64_t>()) +
                          (contrast < 0 ? "" : "-" + prepared.label(contrast))};
    }
    // A label such as "argmax" can be read as something else.
    require(target == report_.target, "compare",
            "'{}' was asked of all, and '{}' was explained; give another --target", report_.target, target);
  }

  void add_map(CompareReport::Side& side, const std::string& name, const Explanation& explanation) {
    const ImageReport image = make_image_reports(explanation).at(0);
    const Picture& picture = explanation.prepared.pictures.at(0);
    side.report = image;
    side.seen = picture.seen;
    report_.input = picture.path;
    report_.picture_height = picture.height;
    report_.picture_width = picture.width;
    maps_.push_back(
        {name, at::tensor(image.relevance, at::kDouble).view({image.height, image.width}), picture.seen});
    side.heat_map = encode_png(render_heat_map(picture.shown, image.relevance, image.height, image.width,
                                               heat_map_scale(image.relevance), HeatMapLayout::side_by_side));
  }

  /// The sides' relevance on what all share: [S, U].
  Tensor relevance_on_words() {
    report_.words = common_words(texts_);
    Tensors rows;
    for (size_t i = 0; i < texts_.size(); ++i) {
      CompareReport::Side& side = report_.sides[i];
      side.relevance = relevance_of_words(texts_, report_.words, i);
      side.unseen = unseen_words(texts_, report_.words, i);
      rows.push_back(at::tensor(side.relevance, at::kDouble));
      side.outside = side.report.relevance_sum - rows.back().sum().item<double>();
    }
    return at::stack(rows);
  }

  Tensor relevance_on_grid() {
    const CommonGrid grid = common_grid(maps_, report_.picture_height, report_.picture_width);
    report_.part = grid.part;
    report_.height = grid.height;
    report_.width = grid.width;
    Tensor rows = grid.relevance.flatten(1);
    for (size_t i = 0; i < maps_.size(); ++i) {
      report_.sides[i].relevance = doubles(rows[static_cast<int64_t>(i)]);
      report_.sides[i].outside = grid.outside[static_cast<int64_t>(i)].item<double>();
    }
    return rows;
  }

  Request request_;
  CompareReport report_;
  Question question_;
  std::vector<TextReport> texts_;
  std::vector<SeenMap> maps_;
};

}  // namespace

void check(const Compared& compared) {
  const Request& request = compared.request;
  check_one_input(request);
  require(request.input.empty(), "compare",
          "models are compared on a text or a picture, since ids mean another thing to each; give --text, "
          "--text-file or --image");
  require(request.images.size() <= 1, "compare", "takes one --image; got {}", request.images.size());
  require(request.targets.size() == 1 && request.targets[0] != "all" && request.targets[0] != "input",
          "target", "one target is compared, by its label; name it");
  require(request.position == "last", "position",
          "models' tokens differ, and so do their positions; leave --position out");
  const auto several = [](const std::vector<std::string>& list) { return list.size() > 1; };
  require(several(compared.models) != several(compared.methods), "compare",
          "takes several models, or one model and several methods; got {} model(s) and {} method(s)",
          compared.models.size(), compared.methods.size());
  require(compared.methods.size() != 1, "compare",
          "several models are explained by their own composites, or all by --rules; leave '{}' out",
          fmt::format("{}", fmt::join(compared.methods, ", ")));
  require(compared.methods.empty() || request.rules.empty(), "compare",
          "--rules names what explains, and so do the methods; put '{}' among them, as --method",
          request.rules);
  check_models(compared);
  check_methods(compared);
}

CompareReport compare(const Compared& compared) { return Comparison(compared).finish(); }

}  // namespace lrpp::cli
