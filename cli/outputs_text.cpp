#include <lrpp/cli/outputs.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/report/text_figure.h>

namespace lrpp::cli {
namespace {

TextReport make_report(const Explanation& explanation, int64_t row) {
  const Prepared& prepared = explanation.prepared;
  TextReport report;
  fill_report(report, explanation, row);
  report.text = prepared.text;
  const Tensor& position = explanation.attribution.position;
  report.position = position.defined() ? position[row].item<int64_t>() : -1;
  const Tensor ids = prepared.tokens.input_ids[example_of(explanation, row)];
  const Tensor values = explanation.attribution.relevance_token[row].to(at::kCPU, at::kDouble);
  for (int64_t t = 0; t < ids.size(0); ++t) {
    TextReport::Token token;
    token.id = ids[t].item<int64_t>();
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
  report.relevance_sum = values.sum().item<double>();
  return report;
}

/// What tools read: one explanation's numbers, whole.
Json example_json(const Explanation& explanation, const TextReport& report, int64_t row) {
  const Prepared& prepared = explanation.prepared;
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
  json["relevance"] = numbers(explanation.attribution.relevance_token[row]);
  add_outcome(json, explanation, report, row);
  return json;
}

}  // namespace

std::vector<TextReport> make_text_reports(const Explanation& explanation) {
  std::vector<TextReport> reports;
  for (int64_t i = 0; i < explanation.attribution.logits.size(0); ++i)
    reports.push_back(make_report(explanation, i));
  return reports;
}

void write_output(const std::filesystem::path& path, const Explanation& explanation,
                  const std::vector<TextReport>& reports) {
  const std::string type = path.extension().string();
  if (type == ".safetensors") return save_tensors(path, explanation);
  if (type == ".html") return write_atomically(path, render_html(reports));
  if (type != ".json") {
    return write_atomically(path, draw_text_figure(reports.at(0), figure_format_from_type(type)));
  }
  std::vector<Json> examples;
  for (size_t i = 0; i < reports.size(); ++i)
    examples.push_back(example_json(explanation, reports[i], static_cast<int64_t>(i)));
  const bool flat = explanation.prepared.encoding.has_value() && !has_several(explanation);
  write_atomically(path, join_json(std::move(examples), flat, explanation.record));
}

}  // namespace lrpp::cli
