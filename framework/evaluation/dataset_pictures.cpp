#include <lrpp/framework/evaluation/dataset_rows.h>

#include <algorithm>
#include <array>

namespace lrpp::evaluation {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string type = path.extension().string();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == ".png" || type == ".jpg" || type == ".jpeg";
}

/// A picture before it is read: its path within the folder, and the word for its class.
struct Entry {
  std::string path, label;
  bool has_label = true;
};

std::vector<Entry> from_file(const DataOptions& options, BadExamples& bad, size_t& tried) {
  std::vector<Entry> entries;
  size_t number = 0;
  for (const std::string& line : read_lines(options.labels)) {
    ++tried;
    bad.run(fmt::format("{}, line {}", options.labels.filename().string(), ++number), [&] {
      std::vector<std::string> cells = split_tabs(line);
      require(cells.size() == 2, "line",
              "must have 2 columns, path and label, with a tab between them; got {}", cells.size());
      entries.push_back({std::move(cells[0]), std::move(cells[1])});
    });
  }
  return entries;
}

std::vector<Entry> from_folders(const DataOptions& options) {
  std::vector<Entry> entries;
  for (const auto& found : fs::recursive_directory_iterator(options.path)) {
    if (!found.is_regular_file() || !is_picture(found.path())) continue;
    const fs::path relative = fs::relative(found.path(), options.path);
    const bool has_label = relative.has_parent_path();
    entries.push_back({relative.generic_string(), has_label ? relative.begin()->string() : "", has_label});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return entries;
}

std::vector<bool> read_truth(const fs::path& path, const ImageSteps& steps, const Example& example) {
  std::vector<std::string> warnings;
  ImageSteps shape = steps;
  shape.mean.clear();
  shape.std.clear();
  shape.resampling = Resampling::nearest;
  const Image mask = read_image(path, 1, warnings);
  const Image shown = preprocess(mask, shape).shown;
  require(shown.height == example.height && shown.width == example.width,
          fmt::format("truth {}", path.string()),
          "must have the size of its picture, prepared alike; got {} x {} and {} x {}", shown.width,
          shown.height, example.width, example.height);
  std::vector<bool> inside;
  for (const uint8_t pixel : shown.pixels) inside.push_back(pixel >= 128);
  require(std::find(inside.begin(), inside.end(), true) != inside.end(),
          fmt::format("truth {}", path.string()), "must be white somewhere");
  return inside;
}

Example read_picture(const Model& model, const DataOptions& options, const ImageSteps& steps,
                     const Entry& entry) {
  Example example;
  example.name = entry.path;
  example.image = options.path / entry.path;
  if (entry.has_label) example.label = require_class(model, entry.label);
  std::vector<std::string> warnings;
  const Image shown = preprocess(read_image(example.image, model.image->channels, warnings), steps).shown;
  const auto fits = [](int64_t wanted, int64_t got) { return wanted == 0 || wanted == got; };
  require(fits(model.image->height, shown.height) && fits(model.image->width, shown.width),
          fmt::format("preprocessor {}", steps.source),
          "the model takes pictures of {} x {}, and this makes one of {} x {}", model.image->width,
          model.image->height, shown.width, shown.height);
  example.height = shown.height;
  example.width = shown.width;
  if (!options.truth.empty()) example.truth = read_truth(options.truth / entry.path, steps, example);
  return example;
}

}  // namespace

void read_pictures(const Model& model, const DataOptions& options, Dataset& dataset) {
  const std::string where = fmt::format("data {}", options.path.string());
  dataset.steps = read_image_steps(model.directory, model.image->channels);
  BadExamples bad(options);
  size_t tried = 0;
  std::vector<Entry> entries =
      options.labels.empty() ? from_folders(options) : from_file(options, bad, tried);
  require(!entries.empty() || tried > 0, where, "holds no PNG or JPEG picture");
  const auto labelled =
      std::count_if(entries.begin(), entries.end(), [](const Entry& e) { return e.has_label; });
  require(
      labelled == 0 || labelled == static_cast<std::ptrdiff_t>(entries.size()), where,
      "has pictures both in folders, which are labels, and beside them; give the labels of all, or of none");
  dataset.has_labels = labelled > 0;
  dataset.has_truth = !options.truth.empty();
  // From here on those that are chosen count, and the lines that were malformed.
  tried -= std::min(tried, entries.size());
  for (const size_t i : choose(entries.size(), options.samples, options.seed)) {
    ++tried;
    bad.run(entries[i].path,
            [&] { dataset.examples.push_back(read_picture(model, options, *dataset.steps, entries[i])); });
  }
  dataset.skipped = std::move(bad).finish(tried);
}

Inputs prepare(const Model& model, const Dataset& dataset, const std::vector<const Example*>& examples) {
  if (!model.image) {
    Tensors ids;
    for (const Example* e : examples) ids.push_back(at::tensor(e->ids, at::kLong));
    return prepare_text(model, TextInputs{at::stack(ids), {}, {}}, "last");
  }
  Tensors pixels;
  for (const Example* e : examples) {
    std::vector<std::string> warnings;
    pixels.push_back(
        preprocess(read_image(e->image, model.image->channels, warnings), *dataset.steps).pixel_values);
  }
  return prepare_image(model, ImageInputs{at::cat(pixels), {}});
}

}  // namespace lrpp::evaluation
