#pragma once

#include <lrpp/framework/bench/bench.h>
#include <lrpp/framework/bench/observe.h>

namespace lrpp {

/// The table of ops: times of `runs` runs together and counts of one. `whole_ms` is what these runs took,
/// together. Rows go by pass, then from the longest to the shortest.
std::vector<OpRow> profile_rows(const Graph& graph, const std::map<NodePass, double>& times, int64_t runs,
                                double whole_ms, const Operations& operations, const Peaks& peaks);

}  // namespace lrpp
