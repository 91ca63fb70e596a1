#include <lrpp/framework/dtype.h>
#include <lrpp/framework/evaluation/evaluate.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/version.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace lrpp::evaluation {
namespace {

/// What runs through a model at once: enough for its kernels, little enough for any memory.
constexpr int64_t tokens_together = 16'384, pictures_together = 64;
/// Explanations keep more of each token than a forward pass does.
constexpr int64_t explained_tokens = 4'096, explained_pictures = 16;

using Clock = std::chrono::steady_clock;

int64_t together(const Example& example, int64_t tokens, int64_t pictures) {
  if (!example.image.empty()) return pictures;
  return std::max<int64_t>(1, tokens / static_cast<int64_t>(example.ids.size()));
}

Features features_of(const Model& model, const Example& example, int64_t patch) {
  if (model.image) return {{}, patch > 0 ? patch : default_patch(model, example.height, example.width)};
  std::vector<int64_t> tokens;
  for (size_t i = 0; i < example.special.size(); ++i)
    if (!example.special[i]) tokens.push_back(static_cast<int64_t>(i));
  return {at::tensor(tokens, at::kLong), 0};
}

/// Which features hold the truth: tokens that do, patches that have a pixel of it.
Tensor truth_of(const std::vector<const Example*>& examples, const Features& features) {
  Tensors rows;
  for (const Example* e : examples) {
    std::vector<uint8_t> bytes(e->truth.begin(), e->truth.end());
    rows.push_back(at::tensor(bytes, at::kByte));
  }
  const Tensor truth = at::stack(rows);
  if (features.tokens.defined()) return truth.index_select(1, features.tokens).to(at::kBool);
  const Tensor pixels = truth.view({-1, 1, examples[0]->height, examples[0]->width}).to(at::kDouble);
  return sum_patches(pixels, features.patch).gt(0);
}

/// Examples of one shape, in the order of their sizes, so that a batch holds as many as it may.
std::vector<std::vector<int64_t>> groups(const Dataset& dataset) {
  std::vector<int64_t> order;
  for (size_t i = 0; i < dataset.examples.size(); ++i) order.push_back(static_cast<int64_t>(i));
  const auto& all = dataset.examples;
  const auto key = [&](int64_t i) {
    const Example& e = all[static_cast<size_t>(i)];
    return std::tuple(e.height, e.width, e.special.size(), e.special);
  };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return key(a) < key(b); });
  std::vector<std::vector<int64_t>> result;
  for (const int64_t i : order) {
    const bool same = !result.empty() &&
                      same_shape(all[static_cast<size_t>(result.back()[0])], all[static_cast<size_t>(i)]);
    if (!same) result.emplace_back();
    result.back().push_back(i);
  }
  return result;
}

/// One method on examples of one shape.
class Batch {
 public:
  Batch(const Registry& registry, const ValueModel& values, const Dataset& dataset,
        const EvaluationOptions& options, const Method& method, std::vector<int64_t> indices)
      : registry_(registry),
        values_(values),
        dataset_(dataset),
        options_(options),
        method_(method),
        indices_(std::move(indices)) {
    for (const int64_t i : indices_) examples_.push_back(&dataset.examples[static_cast<size_t>(i)]);
  }

  std::vector<Json> measure() const {
    const Model& model = values_.model();
    const Inputs inputs = prepare(model, dataset_, examples_);
    ExplainOptions explain_options;
    explain_options.lookup = options_.lookup;
    explain_options.targets = {options_.target == "label" ? "input" : options_.target};
    if (options_.target == "label") explain_options.given_target = labels();
    const auto start = Clock::now();
    const Attribution attribution = method_.explain(model, inputs, explain_options);
    const std::chrono::duration<double> spent = Clock::now() - start;
    // More explanations are of the same targets, whatever changed inputs or weights make the model say.
    if (!attribution.target.contrast.defined()) {
      explain_options.targets = {"input"};
      explain_options.given_target = attribution.target.target;
    }
    const Features features = features_of(model, *examples_[0], options_.patch);
    const int64_t batch =
        options_.batch > 0 ? options_.batch : together(*examples_[0], tokens_together, pictures_together);
    const Explained explained{registry_,
                              values_,
                              method_,
                              inputs,
                              explain_options,
                              features,
                              attribution,
                              features.relevance(attribution),
                              dataset_.has_truth ? truth_of(examples_, features) : Tensor(),
                              example_seeds(static_cast<int64_t>(options_.seed), inputs),
                              batch};
    std::vector<Measured> measured;
    for (const MetricPtr& metric : options_.metrics) measured.push_back(measure_one(*metric, explained));
    return records(attribution, measured, spent.count() / static_cast<double>(examples_.size()));
  }

 private:
  Tensor labels() const {
    std::vector<int64_t> list;
    for (const Example* e : examples_) list.push_back(e->label);
    return at::tensor(list, at::kLong);
  }

  Measured measure_one(const Metric& metric, const Explained& explained) const {
    try {
      return metric.measure(explained);
    } catch (const UserError& error) {
      throw UserError(fmt::format("{} (metric {}, method {}, {} example(s) from {})", error.what(),
                                  metric.name(), method_.name(), examples_.size(), examples_[0]->name));
    }
  }

  static Json numbers(const Tensor& t) {
    const Tensor flat = t.to(at::kCPU, at::kDouble).contiguous();
    const double* data = flat.const_data_ptr<double>();
    return std::vector<double>(data, data + flat.numel());
  }

  std::vector<Json> records(const Attribution& attribution, const std::vector<Measured>& measured,
                            double seconds) const {
    const std::string name = describe(method_);
    const Tensor answer = attribution.logits.argmax(-1).cpu(), target = attribution.target.target.cpu();
    std::vector<Json> result;
    for (size_t i = 0; i < examples_.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      Json record = {{"method", name},
                     {"example", indices_[i]},
                     {"seconds", seconds},
                     {"target", target[row].item<int64_t>()},
                     {"logit", attribution.score[row].item<double>()}};
      if (dataset_.has_labels) record["correct"] = answer[row].item<int64_t>() == examples_[i]->label;
      Json scores = Json::array(), curves = Json::array();
      for (const Measured& m : measured) {
        Json of_metric = Json::array(), lines = Json::array();
        for (const Tensor& score : m.scores) of_metric.push_back(score[row].item<double>());
        for (const Tensor& curve : m.curves) lines.push_back(numbers(curve[row]));
        scores.push_back(std::move(of_metric));
        curves.push_back(std::move(lines));
      }
      record["scores"] = std::move(scores);
      record["curves"] = std::move(curves);
      result.push_back(std::move(record));
    }
    return result;
  }

  const Registry& registry_;
  const ValueModel& values_;
  const Dataset& dataset_;
  const EvaluationOptions& options_;
  const Method& method_;
  std::vector<int64_t> indices_;
  std::vector<const Example*> examples_;
};

template <class List>
void check_once(const char* where, const List& list) {
  std::set<std::string> seen;
  for (const auto& item : list)
    require(seen.insert(describe(*item)).second, where, "'{}' is asked for twice", describe(*item));
}

}  // namespace

void check(const Model& model, const Dataset& dataset, const EvaluationOptions& options) {
  require(!options.methods.empty(), "method", "at least one is needed");
  require(!options.metrics.empty(), "metric", "at least one is needed");
  check_once("method", options.methods);
  check_once("metric", options.metrics);
  for (const MethodPtr& method : options.methods) {
    require_serves(*method, model);
    require(method->readout() == Readout::relevance, "method",
            "'{}' hands out the gradient, which is no relevance and puts features in no order; take "
            "gradient-x-input",
            method->name());
  }
  for (const MetricPtr& metric : options.metrics) {
    const std::string reason = metric->rejects(model, dataset.has_truth);
    require(reason.empty(), "metric", "'{}' does not fit: {}", metric->name(), reason);
  }
  require(options.target != "label" || dataset.has_labels, "target", "the data have no labels to explain");
  require(options.target != "input", "target",
          "'input' is of lrpp explain; 'label' is the class that the data say");
  require(options.target != "all", "target", "one target of each example is measured; name it");
  if (options.target != "label") {
    const auto classes =
        model.labels.empty() ? model.vocabulary_size : static_cast<int64_t>(model.labels.size());
    // Of logits that are all equal: whether the words are known.
    resolve_target(options.target, at::zeros({1, classes}), {}, model.labels, options.lookup);
  }
  require(options.patch == 0 || model.image, "patch", "is for pictures, and the model reads text");
  require(options.patch >= 0 && options.batch >= 0, "evaluation", "patch and batch must be at least 1");
}

Json fingerprint(const Model& model, const Dataset& dataset, const EvaluationOptions& options) {
  uint64_t weights = 0xcbf29ce484222325u;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(model.directory)) {
    const std::string type = entry.path().extension().string();
    if (entry.is_regular_file() && (type == ".json" || type == ".safetensors")) files.insert(entry.path());
  }
  for (const auto& file : files) {
    weights = hash_bytes(file.filename().string(), weights);
    if (std::filesystem::file_size(file) > 0) weights = hash_bytes(MappedFile(file).bytes(), weights);
  }
  Json metrics = Json::array();
  for (const MetricPtr& metric : options.metrics) metrics.push_back(describe(*metric));
  Json print{{"lrpp", version_string},
             {"model", fmt::format("{:016x}", weights)},
             {"data", fmt::format("{:016x}", dataset.hash)},
             {"examples", dataset.examples.size()},
             {"metrics", metrics},
             {"target", options.target},
             {"patch", options.patch},
             {"seed", options.seed},
             {"dtype", dtype_name(model.dtype)},
             {"device", model.device.is_cuda() ? "cuda" : "cpu"}};
  print.update(options.computation);
  return print;
}

void evaluate(const Registry& registry, const Model& model, const Dataset& dataset,
              const EvaluationOptions& options, StateFile& state, const Progress& progress) {
  const ValueModel values(model);
  const auto total = static_cast<int64_t>(options.methods.size() * dataset.examples.size());
  const std::vector<std::vector<int64_t>> all = groups(dataset);
  int64_t done = 0;
  for (const MethodPtr& method : options.methods) {
    const std::string name = describe(*method);
    for (const std::vector<int64_t>& group : all) {
      std::vector<int64_t> left;
      for (const int64_t i : group) {
        if (state.find(name, i) == nullptr) left.push_back(i);
      }
      done += static_cast<int64_t>(group.size() - left.size());
      const int64_t size =
          together(dataset.examples[static_cast<size_t>(group[0])], explained_tokens, explained_pictures);
      for (size_t begin = 0; begin < left.size(); begin += static_cast<size_t>(size)) {
        const size_t end = std::min(begin + static_cast<size_t>(size), left.size());
        const std::vector<int64_t> indices(left.begin() + static_cast<std::ptrdiff_t>(begin),
                                           left.begin() + static_cast<std::ptrdiff_t>(end));
        state.append(Batch(registry, values, dataset, options, *method, indices).measure());
        done += static_cast<int64_t>(indices.size());
        if (progress) progress(done, total);
      }
    }
  }
}

}  // namespace lrpp::evaluation
