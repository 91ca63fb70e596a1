#include <fmt/ranges.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

constexpr int64_t shown_outputs = 5;

Json numbers(const Tensor& row) {
  Json list = Json::array();
  const Tensor wide = row.to(at::kCPU, at::kDouble).contiguous();
  const double* data = wide.const_data_ptr<double>();
  for (int64_t i = 0; i < wide.numel(); ++i) list.push_back(data[i]);
  return list;
}

int64_t at_index(const Tensor& t, int64_t i) { return t[i].item<int64_t>(); }

std::string target_label(const Prepared& prepared, const TargetIndex& index, int64_t example) {
  const std::string label = prepared.label(at_index(index.target, example));
  if (!index.contrast.defined()) return label;
  return label + " - " + prepared.label(at_index(index.contrast, example));
}

TextReport make_report(const Prepared& prepared, const Attribution& attribution, const Json& provenance,
                       const Tensor& positions, int64_t example) {
  TextReport report;
  report.model = prepared.model.directory.filename().empty()
                     ? prepared.model.directory.parent_path().filename().string()
                     : prepared.model.directory.filename().string();
  report.text = prepared.text;
  const Tensor ids = prepared.tensors.input_ids[example];
  const Tensor values = attribution.relevance_token[example].to(at::kCPU, at::kDouble);
  for (int64_t t = 0; t < ids.size(0); ++t) {
    TextReport::Token token;
    token.id = at_index(ids, t);
    token.relevance = values[t].item<double>();
    if (prepared.encoding) {
      const auto i = static_cast<size_t>(t);
      token.text = prepared.encoding->tokens[i];
      token.begin = prepared.encoding->offsets[i].first;
      token.end = prepared.encoding->offsets[i].second;
      token.special = prepared.encoding->special[i];
    } else {
      const bool named = prepared.tokenizer && token.id < prepared.tokenizer->vocabulary_size();
      token.text = named ? prepared.tokenizer->id_to_token(token.id) : std::to_string(token.id);
    }
    report.tokens.push_back(std::move(token));
  }
  const Tensor logits = attribution.logits[example].to(at::kCPU, at::kDouble);
  const Tensor probabilities = logits.softmax(0);
  const auto add_output = [&](int64_t index) {
    report.outputs.push_back(
        {prepared.label(index), logits[index].item<double>(), probabilities[index].item<double>()});
  };
  const Tensor order = std::get<1>(logits.topk(std::min(shown_outputs, logits.size(0))));
  for (int64_t i = 0; i < order.size(0); ++i) add_output(at_index(order, i));
  const int64_t target = at_index(attribution.target.target, example);
  if (!order.eq(target).any().item<bool>()) add_output(target);
  report.target = target_label(prepared, attribution.target, example);
  report.position = at_index(positions, example);
  report.score = attribution.score[example].item<double>();
  report.relevance_sum = values.sum().item<double>();
  report.multiplier = prepared.plan.readout == Readout::multiplier;
  report.composite = prepared.plan.composite;
  report.provenance = provenance;
  return report;
}

/// What tools read: one example's numbers, whole.
Json example_json(const Prepared& prepared, const Attribution& attribution, const TextReport& report,
                  int64_t example) {
  Json tokens = Json::array(), ids = Json::array(), offsets = Json::array(), special = Json::array();
  for (const TextReport::Token& token : report.tokens) {
    tokens.push_back(token.text);
    ids.push_back(token.id);
    offsets.push_back({token.begin, token.end});
    special.push_back(token.special);
  }
  Json json;
  if (prepared.encoding) json["text"] = report.text;
  json["tokens"] = tokens;
  json["ids"] = ids;
  if (prepared.encoding) {
    json["offsets"] = offsets;
    json["special"] = special;
  }
  json["relevance"] = numbers(attribution.relevance_token[example]);
  json["logits"] = numbers(attribution.logits[example]);
  json["target"] = at_index(attribution.target.target, example);
  if (attribution.target.contrast.defined())
    json["contrast"] = at_index(attribution.target.contrast, example);
  json["target_label"] = report.target;
  json["position"] = report.position;
  json["score"] = report.score;
  json["sum_relevance"] = report.relevance_sum;
  return json;
}

std::string to_json(const Prepared& prepared, const Attribution& attribution, const Json& provenance,
                    const std::vector<TextReport>& reports) {
  Json json;
  if (prepared.encoding) {
    json = example_json(prepared, attribution, reports.at(0), 0);
  } else {
    Json examples = Json::array();
    for (size_t i = 0; i < reports.size(); ++i) {
      examples.push_back(example_json(prepared, attribution, reports[i], static_cast<int64_t>(i)));
    }
    json["examples"] = std::move(examples);
  }
  for (const auto& [key, value] : provenance.items()) {
    json[key == "target" || key == "position" ? key + "_asked" : key] = value;
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
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
    const auto same = [&](const std::filesystem::path& other) {
      return std::filesystem::weakly_canonical(other, ignored) ==
             std::filesystem::weakly_canonical(path, ignored);
    };
    require(std::count_if(outputs.begin(), outputs.end(), same) == 1, "output",
            "'{}' is given more than once; give each file once", output);
  }
}

std::vector<TextReport> make_reports(const Prepared& prepared, const Attribution& attribution,
                                     const Json& provenance, const Tensor& positions) {
  std::vector<TextReport> reports;
  for (int64_t i = 0; i < attribution.logits.size(0); ++i) {
    reports.push_back(make_report(prepared, attribution, provenance, positions, i));
  }
  return reports;
}

void write_output(const std::filesystem::path& path, const Prepared& prepared, const Attribution& attribution,
                  const Json& provenance, const std::vector<TextReport>& reports) {
  const std::string type = path.extension().string();
  if (type == ".json") {
    write_atomically(path, to_json(prepared, attribution, provenance, reports));
  } else if (type == ".html") {
    write_atomically(path, render_html(reports));
  } else {
    NamedTensors tensors{{"logits", attribution.logits},
                         {"target", attribution.target.target},
                         {"relevance", attribution.relevance},
                         {"relevance_token", attribution.relevance_token}};
    if (attribution.target.contrast.defined()) tensors.emplace_back("contrast", attribution.target.contrast);
    save_safetensors(path, tensors, {{"lrpp", provenance.dump()}});
  }
}

void tell_written(const std::vector<std::string>& outputs) {
  // Not fmt::print, which throws where standard error is full: the files are there all the same.
  for (const std::string& output : outputs) std::fputs(("wrote " + output + "\n").c_str(), stderr);
}

}  // namespace lrpp::cli
