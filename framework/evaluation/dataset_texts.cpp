#include <lrpp/framework/evaluation/dataset_rows.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace lrpp::evaluation {
namespace {

/// Where each kind of column stands in a line.
struct Columns {
  size_t count = 0;
  std::optional<size_t> text, label, truth;
};

Columns read_columns(const std::vector<std::string>& names) {
  Columns columns;
  for (const std::string& name : names) {
    const size_t at = columns.count++;
    if (name == "-") continue;
    std::optional<size_t>* place = name == "text"    ? &columns.text
                                   : name == "label" ? &columns.label
                                   : name == "truth" ? &columns.truth
                                                     : nullptr;
    require(place != nullptr, "columns", "unknown column '{}'; {}", name,
            list_known(name, {"text", "label", "truth", "-"}));
    require(!place->has_value(), "columns", "'{}' is there twice", name);
    *place = at;
  }
  require(columns.text.has_value(), "columns", "one of them must be 'text'");
  return columns;
}

using Spans = std::vector<std::pair<int64_t, int64_t>>;

Spans read_spans(const std::string& cell) {
  Spans spans;
  const char* at = cell.data();
  const char* const end = at + cell.size();
  const auto malformed = [&] {
    fail("truth", "must be spans of characters such as 12-18,30-35, the end excluded; got '{}'", cell);
  };
  while (at < end) {
    int64_t first = 0, last = 0;
    auto result = std::from_chars(at, end, first);
    if (result.ec != std::errc() || result.ptr == end || *result.ptr != '-') malformed();
    result = std::from_chars(result.ptr + 1, end, last);
    if (result.ec != std::errc() || first < 0 || last <= first) malformed();
    spans.emplace_back(first, last);
    at = result.ptr;
    if (at == end) break;
    if (*at != ',' || ++at == end) malformed();
  }
  if (spans.empty()) malformed();
  return spans;
}

/// Whether each token covers a character of a span.
std::vector<bool> tokens_in(const Encoding& encoding, const Spans& spans) {
  std::vector<bool> inside;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];
    inside.push_back(!encoding.special[i] && std::any_of(spans.begin(), spans.end(), [&](const auto& span) {
      return span.first < end && begin < span.second;
    }));
  }
  require(std::find(inside.begin(), inside.end(), true) != inside.end(), "truth",
          "no token lies in its spans");
  return inside;
}

Example read_text(const Model& model, const Tokenizer& tokenizer, const Columns& columns,
                  const std::vector<std::string>& cells) {
  Example example;
  const std::string& text = cells[*columns.text];
  require(text.find_first_not_of(' ') != text.npos, "text", "is empty");
  const Encoding encoding = tokenizer.encode(text);
  require(encoding.truncated == 0, "text", "tokenizer.json cuts {} token(s) off; make it shorter",
          encoding.truncated);
  require(std::find(encoding.special.begin(), encoding.special.end(), false) != encoding.special.end(),
          "text", "holds no token that the tokenizer knows of");
  const auto length = static_cast<int64_t>(encoding.ids.size());
  require(model.max_tokens == 0 || length <= model.max_tokens, "text",
          "has {} tokens, and the model takes {} at most; make it shorter", length, model.max_tokens);
  example.ids = encoding.ids;
  example.special = encoding.special;
  if (columns.label) example.label = require_class(model, cells[*columns.label]);
  if (columns.truth) example.truth = tokens_in(encoding, read_spans(cells[*columns.truth]));
  return example;
}

}  // namespace

void read_texts(const Model& model, const Tokenizer& tokenizer, const DataOptions& options,
                Dataset& dataset) {
  const Columns columns = read_columns(options.columns);
  dataset.has_labels = columns.label.has_value();
  dataset.has_truth = columns.truth.has_value();
  const std::vector<std::string> lines = read_lines(options.path);
  const size_t first = options.header ? 1 : 0;
  require(lines.size() > first, fmt::format("data {}", options.path.string()), "holds no text");
  std::string names;
  for (const std::string& name : options.columns) names += (names.empty() ? "" : ", ") + name;
  BadExamples bad(options);
  const size_t count = lines.size() - first;
  const std::vector<size_t> chosen_lines = choose(count, options.samples, options.seed);
  const std::set<size_t> chosen(chosen_lines.begin(), chosen_lines.end());
  size_t tried = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = fmt::format("line {}", first + i + 1);
    const std::vector<std::string> cells = split_tabs(lines[first + i]);
    // A malformed line says that the file is not what it was taken for, wherever it stands.
    const bool fits = cells.size() == columns.count;
    if (fits && !chosen.contains(i)) continue;
    ++tried;
    bad.run(name, [&] {
      require(!lines[first + i].empty(), "line", "is empty");
      require(fits, "line", "must have {} column(s), {}, with tabs between them; got {}", columns.count,
              names, cells.size());
      Example example = read_text(model, tokenizer, columns, cells);
      example.name = name;
      dataset.examples.push_back(std::move(example));
    });
  }
  dataset.skipped = std::move(bad).finish(tried);
}

}  // namespace lrpp::evaluation
