#pragma once

#include <lrpp/framework/bench/bench.h>

#include <string>
#include <vector>

namespace lrpp {

/// Everything that a benchmark of one model has to say.
struct BenchReport {
  std::string model;             ///< its folder's name
  Json record = Json::object();  ///< how the explanations were made: see `provenance`
  Machine machine;
  BenchOptions options;
  std::vector<BenchRun> runs;
};

/// All numbers, with the record's members beside them.
Json to_json(const BenchReport& report);

/// Tables that are Markdown, and that align in a terminal too.
std::string render(const BenchReport& report);

}  // namespace lrpp
