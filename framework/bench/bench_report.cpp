#include <fmt/ranges.h>
#include <lrpp/framework/bench/bench_report.h>
#include <lrpp/framework/io/reflect_json.h>

#include <algorithm>

namespace lrpp {
namespace {

using Cells = std::vector<std::string>;

/// A Markdown table whose columns align; the first `left` of them to the left, as words do.
std::string table(const std::vector<Cells>& rows, size_t left) {
  std::vector<size_t> widths(rows.at(0).size(), 3);
  for (const Cells& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  const auto add = [&](const Cells& row) {
    for (size_t c = 0; c < row.size(); ++c)
      text += c < left ? fmt::format("| {:<{}} ", row[c], widths[c])
                       : fmt::format("| {:>{}} ", row[c], widths[c]);
    text += "|\n";
  };
  add(rows[0]);
  for (size_t c = 0; c < widths.size(); ++c)
    text += "|" + std::string(widths[c] + 1, '-') + (c < left ? "-" : ":");
  text += "|\n";
  for (size_t i = 1; i < rows.size(); ++i) add(rows[i]);
  return text;
}

/// Four digits, however large or small.
std::string number(double value) {
  if (value == 0) return "0";
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string size_of(const BenchRun& run) {
  if (run.tokens > 0) return fmt::format("{} tokens x {}", run.tokens, run.batch);
  return fmt::format("{} x {}", fmt::join(run.image, " x "), run.batch);
}

Cells time_cells(const Measured& m) {
  return {number(m.time.median_ms), number(m.time.min_ms), percent(m.time.spread)};
}

std::string memory(const Measured& m) { return m.peak_mib ? number(*m.peak_mib - m.base_mib) : "unknown"; }

std::string times_table(const BenchReport& report) {
  const bool sees = !report.runs.at(0).image.empty();
  std::vector<Cells> rows{{"input", "forward, ms", "min", "spread", "explanation, ms", "min", "spread",
                           "explanation / forward", sees ? "images/s" : "tokens/s"}};
  for (const BenchRun& run : report.runs) {
    Cells row{size_of(run)};
    for (const Measured* m : {&run.forward, &run.explanation}) {
      const Cells cells = time_cells(*m);
      row.insert(row.end(), cells.begin(), cells.end());
    }
    row.push_back(fmt::format("{:.2f}", run.ratio));
    row.push_back(number(run.per_second));
    rows.push_back(std::move(row));
  }
  return table(rows, 1);
}

/// Explanations that are recorded once and replayed, where that was asked for.
std::string recorded_table(const BenchReport& report) {
  std::vector<Cells> rows{
      {"input", "recorded and replayed, ms", "min", "spread", "recorded / forward", "peak, MiB"}};
  for (const BenchRun& run : report.runs) {
    if (!run.recorded) continue;
    Cells row{size_of(run)};
    const Cells cells = time_cells(*run.recorded);
    row.insert(row.end(), cells.begin(), cells.end());
    row.push_back(fmt::format("{:.2f}", run.recorded->time.median_ms / run.forward.time.median_ms));
    row.push_back(memory(*run.recorded));
    rows.push_back(std::move(row));
  }
  return rows.size() == 1 ? "" : table(rows, 1) + "\n";
}

std::string work_table(const BenchReport& report) {
  std::vector<Cells> rows{{"input", "forward peak, MiB", "explanation peak, MiB", "forward, GFLOP",
                           "explanation, GFLOP", "products alone, ms", "of the explanation",
                           "at the machine's peak, ms", "of the explanation"}};
  for (const BenchRun& run : report.runs) {
    rows.push_back({size_of(run), memory(run.forward), memory(run.explanation), number(run.forward.gflop),
                    number(run.explanation.gflop), number(run.products_ms), percent(run.products_share),
                    number(run.explanation.limit_ms), percent(run.peak_share)});
  }
  return table(rows, 1);
}

std::string ops_table(const BenchRun& run) {
  std::vector<Cells> rows{
      {"pass", "op", "nodes", "ms", "share", "GFLOP", "MiB", "limit, ms", "explained by it"}};
  for (const OpRow& row : run.ops) {
    rows.push_back({row.pass, row.op, row.nodes > 0 ? std::to_string(row.nodes) : "", number(row.ms),
                    percent(row.share), number(row.gflop), number(row.mib), number(row.limit_ms),
                    percent(row.explained)});
  }
  return table(rows, 2);
}

}  // namespace

Json to_json(const BenchReport& report) {
  Json json = report.record;
  json["model"] = report.model;
  json["machine"] = to_json_value(report.machine);
  json["peaks"] = to_json_value(report.options.peaks);
  json["repeat"] = report.options.repeat;
  json["warmup"] = report.options.warmup;
  json["runs"] = Json::array();
  for (const BenchRun& run : report.runs) json["runs"].push_back(to_json_value(run));
  return json;
}

std::string render(const BenchReport& report) {
  const Machine& m = report.machine;
  const BenchOptions& o = report.options;
  std::string text = fmt::format(
      "{}: {}, {} on {}\n{}{}, {} thread(s), {}; lrpp {}, LibTorch {}\n"
      "Measured in this run: products of matrices {:.0f} GFLOP/s, memory {:.1f} GB/s. Medians of {} after {} "
      "that "
      "warmed up.\n\n",
      report.model, report.record.at("composite").at("name").get<std::string>(),
      report.record.at("dtype").get<std::string>(), report.record.at("device").get<std::string>(),
      m.gpu.empty() ? "" : m.gpu + ", ", m.cpu, m.threads, m.instructions, m.lrpp, m.torch,
      o.peaks.gflop_per_s, o.peaks.gbyte_per_s, o.repeat, o.warmup);
  text += times_table(report) + "\n" + recorded_table(report) + work_table(report);
  for (const BenchRun& run : report.runs) {
    if (!run.ops.empty()) text += fmt::format("\n{}, op by op:\n\n{}", size_of(run), ops_table(run));
  }
  return text;
}

}  // namespace lrpp
