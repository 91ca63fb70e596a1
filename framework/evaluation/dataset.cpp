#include <lrpp/framework/evaluation/dataset_rows.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>

namespace lrpp::evaluation {
namespace {

constexpr uint64_t max_bytes = uint64_t{1} << 31;
constexpr size_t shown_reasons = 3;

}  // namespace

void BadExamples::run(const std::string& name, const std::function<void()>& use) {
  try {
    use();
  } catch (const UserError& error) {
    reasons_.push_back(fmt::format("{}: {}", name, error.what()));
  }
}

std::vector<std::string> BadExamples::finish(size_t all) && {
  const std::string where = fmt::format("data {}", options_.path.string());
  if (!reasons_.empty() && !options_.skip_bad) {
    std::string list;
    for (size_t i = 0; i < std::min(reasons_.size(), shown_reasons); ++i) list += "\n  " + reasons_[i];
    if (reasons_.size() > shown_reasons)
      list += fmt::format("\n  and {} more", reasons_.size() - shown_reasons);
    fail(where, "{} of {} examples cannot be used:{}\nMend them, or leave them out with --skip-bad",
         reasons_.size(), all, list);
  }
  require(reasons_.size() < all, where, "none of {} examples can be used{}", all,
          reasons_.empty() ? "" : "; the first: " + reasons_[0]);
  return std::move(reasons_);
}

std::vector<size_t> choose(size_t count, int64_t samples, uint64_t seed) {
  std::vector<size_t> all(count);
  std::iota(all.begin(), all.end(), size_t{0});
  const auto wanted = static_cast<size_t>(samples);
  if (samples == 0 || wanted >= count) return all;
  // The first places of a shuffle that is the same with every standard library.
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < wanted; ++i) {
    const double share = static_cast<double>(random() >> 11) * 0x1p-53;
    std::swap(all[i], all[i + static_cast<size_t>(share * static_cast<double>(count - i))]);
  }
  all.resize(wanted);
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const std::string text = read_file(path, max_bytes, "data");
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> split_tabs(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

std::optional<int64_t> class_of(const Model& model, const std::string& word) {
  const auto found = std::find(model.labels.begin(), model.labels.end(), word);
  if (found != model.labels.end()) return found - model.labels.begin();
  int64_t index = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
  const bool number = !word.empty() && error == std::errc() && end == word.data() + word.size();
  if (!number || index < 0 || index >= static_cast<int64_t>(model.labels.size())) return std::nullopt;
  return index;
}

int64_t require_class(const Model& model, const std::string& word) {
  const std::optional<int64_t> found = class_of(model, word);
  require(!model.labels.empty(), "label",
          "the model has no classes that '{}' could name; leave the labels out", word);
  require(found.has_value(), "label", "unknown label '{}'; {}, or a number in [0, {})", word,
          list_known(word, model.labels), model.labels.size());
  return *found;
}

Dataset read_dataset(const Model& model, const std::optional<Tokenizer>& tokenizer,
                     const DataOptions& options) {
  const std::string where = fmt::format("data {}", options.path.string());
  require(options.samples >= 0, "samples", "must be at least 1; got {}", options.samples);
  std::error_code ignored;
  require(std::filesystem::exists(options.path, ignored), where, "is not there; check the path");
  const bool folder = std::filesystem::is_directory(options.path, ignored);
  Dataset dataset;
  if (model.image) {
    require(folder, where, "model type '{}' sees; give a folder of pictures", model.model_type);
    read_pictures(model, options, dataset);
  } else {
    require(!folder, where, "model type '{}' reads text; give a TSV file of texts", model.model_type);
    require(options.labels.empty(), "labels",
            "is for pictures; the labels of texts are a column (see --columns)");
    require(options.truth.empty(), "truth",
            "is for pictures; the truth of texts is a column (see --columns)");
    require(tokenizer.has_value(), where, "'{}' has no tokenizer.json to read texts with",
            model.directory.string());
    read_texts(model, *tokenizer, options, dataset);
  }
  for (const Example& e : dataset.examples) {
    const auto add = [&](const auto& values) {
      for (const auto value : values) {
        const auto wide = static_cast<int64_t>(value);
        dataset.hash = hash_bytes({reinterpret_cast<const char*>(&wide), sizeof wide}, dataset.hash);
      }
    };
    dataset.hash = hash_bytes(e.name, dataset.hash);
    add(std::vector<int64_t>{e.label, e.height, e.width});
    add(e.ids);
    add(e.truth);
    if (!e.image.empty()) dataset.hash = hash_bytes(read_file(e.image, max_bytes, "image"), dataset.hash);
  }
  return dataset;
}

bool same_shape(const Example& a, const Example& b) {
  return a.special == b.special && a.height == b.height && a.width == b.width;
}

uint64_t hash_bytes(std::string_view bytes, uint64_t hash) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace lrpp::evaluation
