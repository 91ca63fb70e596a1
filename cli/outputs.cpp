#include <fmt/ranges.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/io/file.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

constexpr int64_t shown_outputs = 5;

int64_t at_index(const Tensor& t, int64_t i) { return t[i].item<int64_t>(); }

/// What was subtracted in this row, or -1.
int64_t contrast_of(const TargetIndex& index, int64_t row) {
  return index.contrast.defined() ? at_index(index.contrast, row) : -1;
}

std::string target_label(const Prepared& prepared, const TargetIndex& index, int64_t row) {
  const std::string label = prepared.label(at_index(index.target, row));
  const int64_t contrast = contrast_of(index, row);
  return contrast < 0 ? label : label + " - " + prepared.label(contrast);
}

void fill_layers(Report& report, const Attribution& attribution, int64_t row) {
  for (const LayerRelevance& read : attribution.layers) {
    const Tensor relevance = read.relevance[row];
    Report::Layer layer{read.name, 0, 0, doubles(relevance)};
    if (relevance.dim() == 2) {
      layer.height = relevance.size(0);
      layer.width = relevance.size(1);
    }
    report.layers.push_back(std::move(layer));
  }
}

Flow flow_of(const Ledger& ledger, int64_t row) {
  const auto at_row = [&](const Tensor& t) { return t[row].item<double>(); };
  Flow flow{at_row(ledger.seed), at_row(ledger.attributed), {}};
  for (const LedgerRow& node : ledger.rows) {
    flow.absorbed.bias += at_row(node.bias);
    flow.absorbed.stabilizer += at_row(node.stabilizer);
    flow.absorbed.held += at_row(node.held);
    flow.absorbed.by_rule += at_row(node.by_rule);
  }
  return flow;
}

/// A figure shows one explanation of one input.
void check_shows_one(const std::string& output, const Request& request, const Prepared& prepared) {
  const char* noun = prepared.model.image ? "picture" : "text";
  const std::string type = std::filesystem::path(output).extension().string();
  const char* figure = type == ".svg" ? "an SVG" : type == ".pdf" ? "a PDF" : "a PNG";
  require(prepared.examples() == 1, "output",
          "'{}': {} shows one {}, and the input holds {}; write .safetensors or .json, or give one {} at a "
          "time",
          output, figure, noun, prepared.examples(), noun);
  require(request.targets.size() == 1 && request.targets[0] != "all", "output",
          "'{}': {} shows one target; write .safetensors or .json, or give one target at a time", output,
          figure);
  const auto position = prepared.inputs.find("position");
  require(position == prepared.inputs.end() || position->second.numel() == 1, "output",
          "'{}': {} shows one position; write .safetensors or .json, or give one position at a time", output,
          figure);
}

}  // namespace

void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& types) {
  for (const std::string& output : outputs) {
    const std::filesystem::path path(output);
    const std::string type = path.extension().string();
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      fail("output", "'{}' must end in one of {}", output, fmt::format("{}", fmt::join(types, ", ")));
    }
    const std::filesystem::path folder = path.parent_path().empty() ? "." : path.parent_path();
    std::error_code ignored;
    require(std::filesystem::is_directory(folder, ignored), "output",
            "the folder of '{}' does not exist; make it first", output);
    require(!std::filesystem::is_directory(path, ignored), "output", "'{}' is a folder", output);
    check_writable(path);
    const auto same = [&](const std::filesystem::path& other) {
      return std::filesystem::weakly_canonical(other, ignored) ==
             std::filesystem::weakly_canonical(path, ignored);
    };
    require(std::count_if(outputs.begin(), outputs.end(), same) == 1, "output",
            "'{}' is given more than once; give each file once", output);
  }
}

void check_outputs_fit(const std::vector<std::string>& outputs, HeatMapLayout layout, const Request& request,
                       const Prepared& prepared) {
  const bool sees = prepared.model.image.has_value();
  for (const std::string& output : outputs) {
    const std::string type = std::filesystem::path(output).extension().string();
    if (type != ".png" && type != ".svg" && type != ".pdf") continue;
    require(!sees || type == ".png", "output",
            "'{}': a heat map is made of pixels, and this model sees; use .png", output);
    if (sees) {
      const int64_t channels = prepared.model.image->channels;
      require(layout != HeatMapLayout::overlay || channels == 1 || channels == 3, "heat-map",
              "an input of {} channels is no picture to draw over; use side-by-side", channels);
    }
    check_shows_one(output, request, prepared);
  }
}

namespace {

/// What was read besides: where the score went, and relevance between layers.
void add_reads(Json& json, const Report& report) {
  if (report.flow) {
    const Flow::Absorbed& a = report.flow->absorbed;
    json["ledger"] = {{"seed", report.flow->seed},
                      {"attributed", report.flow->attributed},
                      {"bias", a.bias},
                      {"stabilizer", a.stabilizer},
                      {"held", a.held},
                      {"by_rule", a.by_rule}};
  }
  for (const Report::Layer& layer : report.layers) {
    Json entry = {{"name", layer.name}, {"relevance", layer.relevance}};
    if (layer.height > 0) entry["shape"] = {layer.height, layer.width};
    json["layers"].push_back(std::move(entry));
  }
}

}  // namespace

bool has_several(const Explanation& explanation) {
  return explanation.attribution.example.size(0) > explanation.prepared.examples();
}

int64_t example_of(const Explanation& explanation, int64_t row) {
  return at_index(explanation.attribution.example, row);
}

void fill_report(Report& report, const Explanation& explanation, int64_t row) {
  const Prepared& prepared = explanation.prepared;
  const Attribution& attribution = explanation.attribution;
  const std::filesystem::path& directory = prepared.model.directory;
  report.model = directory.filename().empty() ? directory.parent_path().filename().string()
                                              : directory.filename().string();
  const Tensor logits = attribution.logits[row].to(at::kCPU, at::kDouble);
  const Tensor probabilities = logits.softmax(0);
  const auto add_output = [&](int64_t index) {
    report.outputs.push_back(
        {prepared.label(index), logits[index].item<double>(), probabilities[index].item<double>()});
  };
  const Tensor order = std::get<1>(logits.topk(std::min(shown_outputs, logits.size(0))));
  for (int64_t i = 0; i < order.size(0); ++i) add_output(at_index(order, i));
  const int64_t target = at_index(attribution.target.target, row);
  if (!order.eq(target).any().item<bool>()) add_output(target);
  report.target = target_label(prepared, attribution.target, row);
  report.score = attribution.score[row].item<double>();
  report.multiplier = prepared.method->readout() == Readout::multiplier;
  report.method = prepared.method->name();
  report.kind = explanation.record.contains("composite") ? "composite" : "method";
  report.provenance = explanation.record;
  report.left_out = explanation.left_out;
  fill_layers(report, attribution, row);
  if (attribution.ledger) report.flow = flow_of(*attribution.ledger, row);
  if (!has_several(explanation)) return;
  report.which = fmt::format("example {}", example_of(explanation, row) + 1);
  if (attribution.position.defined())
    report.which += fmt::format(", at token {}", at_index(attribution.position, row));
}

std::vector<double> doubles(const Tensor& tensor) {
  const Tensor wide = tensor.to(at::kCPU, at::kDouble).contiguous();
  const double* data = wide.const_data_ptr<double>();
  return {data, data + wide.numel()};
}

Json numbers(const Tensor& row) { return doubles(row); }

void add_outcome(Json& json, const Explanation& explanation, const Report& report, int64_t row) {
  const Attribution& attribution = explanation.attribution;
  if (has_several(explanation)) json["example"] = example_of(explanation, row);
  json["logits"] = numbers(attribution.logits[row]);
  json["target"] = at_index(attribution.target.target, row);
  const int64_t contrast = contrast_of(attribution.target, row);
  if (contrast >= 0) json["contrast"] = contrast;
  json["target_label"] = report.target;
  if (attribution.position.defined()) json["position"] = at_index(attribution.position, row);
  json["score"] = report.score;
  json["sum_relevance"] = report.relevance_sum;
  add_reads(json, report);
}

std::string join_json(std::vector<Json> examples, bool flat, const Json& record) {
  Json json;
  if (flat) {
    json = std::move(examples.at(0));
  } else {
    json["examples"] = std::move(examples);
  }
  for (const auto& [key, value] : record.items()) {
    json[key == "target" || key == "position" ? key + "_asked" : key] = value;
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void save_tensors(const std::filesystem::path& path, const Explanation& explanation) {
  const Attribution& attribution = explanation.attribution;
  NamedTensors tensors{{"logits", attribution.logits},
                       {"target", attribution.target.target},
                       {"relevance", attribution.relevance}};
  if (attribution.relevance_token.defined())
    tensors.emplace_back("relevance_token", attribution.relevance_token);
  for (const LayerRelevance& layer : attribution.layers)
    tensors.emplace_back("layer." + layer.name, layer.relevance);
  if (attribution.target.contrast.defined()) tensors.emplace_back("contrast", attribution.target.contrast);
  if (has_several(explanation)) {
    tensors.emplace_back("example", attribution.example);
    if (attribution.position.defined()) tensors.emplace_back("position", attribution.position);
  }
  save_safetensors(path, tensors, {{"lrpp", explanation.record.dump()}});
}

void tell_written(const std::vector<std::string>& outputs) {
  // Not fmt::print, which throws where standard error is full: the files are there all the same.
  for (const std::string& output : outputs) std::fputs(("wrote " + output + "\n").c_str(), stderr);
}

}  // namespace lrpp::cli
