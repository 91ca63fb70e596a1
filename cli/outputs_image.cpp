#include <lrpp/cli/outputs.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/methods/spread.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/version.h>

#include <array>

namespace lrpp::cli {
namespace {

ImageReport::View view_of(const std::string& name, const Tensor& map, double sum) {
  return {name, map.size(0), map.size(1), doubles(map), sum};
}

/// More channels are no picture that a person could look at channel by channel.
constexpr int64_t most_channels = 16;

void add_channels(ImageReport& report, const Tensor& relevance) {
  const int64_t channels = relevance.size(0);
  if (channels < 2 || channels > most_channels) return;
  for (int64_t c = 0; c < channels; ++c) {
    const std::string name = channels == 3 ? std::array{"red", "green", "blue"}[static_cast<size_t>(c)]
                                           : fmt::format("channel {}", c);
    report.channels.push_back(view_of(name, relevance[c], relevance[c].sum(at::kDouble).item<double>()));
  }
}

ImageReport::View layer_map(const Prepared& prepared, const LayerRelevance& layer, int64_t row) {
  const Tensor relevance = layer.relevance[row].to(at::kCPU, at::kDouble);
  const double sum = relevance.sum().item<double>();
  if (relevance.dim() == 2) return view_of(layer.name, relevance, sum);
  const Tensor pixels = prepared.inputs.at("pixel_values").slice(0, 0, 1);
  const Tensor spread = spread_over_values(prepared.model.graph, pixels,
                                           relevance.unsqueeze(0).to(pixels.device(), pixels.scalar_type()));
  return view_of(layer.name, spread[0].sum(0), sum);
}

ImageReport make_report(const Explanation& explanation, int64_t row) {
  ImageReport report;
  fill_report(report, explanation, row);
  const Tensor relevance = explanation.attribution.relevance[row];
  const Tensor pixels = relevance.to(at::kCPU, at::kDouble).sum(0);  // over channels
  report.height = pixels.size(0);
  report.width = pixels.size(1);
  report.relevance = doubles(pixels);
  report.relevance_sum = pixels.sum().item<double>();
  return report;
}

/// With the maps that a page alone shows.
ImageReport with_views(ImageReport report, const Explanation& explanation, int64_t row) {
  add_channels(report, explanation.attribution.relevance[row]);
  for (const LayerRelevance& layer : explanation.attribution.layers)
    report.layer_maps.push_back(layer_map(explanation.prepared, layer, row));
  return report;
}

Json example_json(const Explanation& explanation, const ImageReport& report, int64_t row) {
  const Prepared& prepared = explanation.prepared;
  Json json;
  if (!prepared.pictures.empty()) {
    const Picture& picture = prepared.pictures.at(static_cast<size_t>(example_of(explanation, row)));
    json["image"] = picture.path;
    json["image_size"] = {picture.height, picture.width};
  }
  json["shape"] = explanation.attribution.relevance[row].sizes().vec();
  Json rows = Json::array();
  for (auto row = report.relevance.begin(); row != report.relevance.end(); row += report.width)
    rows.push_back(std::vector<double>(row, row + report.width));
  json["relevance"] = std::move(rows);
  add_outcome(json, explanation, report, row);
  return json;
}

/// The picture that was explained. Of a tensor what a person can make of it: its range stretched over
/// that of pixels; nothing where its channels are no colours.
Image picture_of(const Prepared& prepared, int64_t example) {
  if (!prepared.pictures.empty()) return prepared.pictures.at(static_cast<size_t>(example)).shown;
  const Tensor values = prepared.pixels.pixel_values[example].to(at::kDouble);
  if (values.size(0) != 1 && values.size(0) != 3) return {};
  const Tensor low = values.min(), range = (values.max() - low).clamp_min(1e-300);
  const Tensor bytes = ((values - low) / range * 255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
  Image image{bytes.size(0), bytes.size(1), bytes.size(2), {}};
  const uint8_t* data = bytes.const_data_ptr<uint8_t>();
  image.pixels.assign(data, data + bytes.numel());
  return image;
}

void write_heat_map(const std::filesystem::path& path, const Explanation& explanation,
                    const ImageReport& report, HeatMapLayout layout) {
  const std::string description =
      fmt::format("{} of '{}' (score {}) in {} under {}: red for and blue against; {}",
                  report.multiplier ? "gradient" : "relevance", report.target, format_number(report.score),
                  report.model, report.method, heat_map_ends(report));
  const Image map = render_heat_map(picture_of(explanation.prepared, 0), report.relevance, report.height,
                                    report.width, heat_map_scale(report.relevance), layout);
  write_png(path, map, {{"Software", fmt::format("lrpp {}", version_string)}, {"Description", description}});
}

}  // namespace

std::string heat_map_ends(const ImageReport& report) {
  const HeatMapScale scale = heat_map_scale(report.relevance);
  return fmt::format("colours end at +-{}, the 99th percentile of |{}|; the largest is {}",
                     format_number(scale.end), report.multiplier ? "gradient" : "relevance",
                     format_number(scale.largest));
}

std::vector<ImageReport> make_image_reports(const Explanation& explanation) {
  std::vector<ImageReport> reports;
  for (int64_t i = 0; i < explanation.attribution.logits.size(0); ++i)
    reports.push_back(make_report(explanation, i));
  return reports;
}

void write_output(const std::filesystem::path& path, const Explanation& explanation,
                  const std::vector<ImageReport>& reports, HeatMapLayout layout) {
  const std::string type = path.extension().string();
  if (type == ".safetensors") return save_tensors(path, explanation);
  if (type == ".png") return write_heat_map(path, explanation, reports.at(0), layout);
  if (type == ".html") {
    std::vector<ImageReport> pages;
    std::vector<Image> shown;
    for (size_t i = 0; i < reports.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      pages.push_back(with_views(reports[i], explanation, row));
      shown.push_back(picture_of(explanation.prepared, example_of(explanation, row)));
    }
    return write_atomically(path, render_html(pages, shown));
  }
  std::vector<Json> examples;
  for (size_t i = 0; i < reports.size(); ++i)
    examples.push_back(example_json(explanation, reports[i], static_cast<int64_t>(i)));
  const bool flat = explanation.prepared.pictures.size() == 1 && !has_several(explanation);
  write_atomically(path, join_json(std::move(examples), flat, explanation.record));
}

}  // namespace lrpp::cli
