#include <lrpp/rules/fused/attention_blocks.h>

#include <algorithm>

namespace lrpp::rules {
namespace {

using ops::Range;

/// Queries of a causal attention that are looked at together: half of what they see of each other's keys is
/// computed for nothing, and fewer make products too small.
constexpr int64_t causal_queries = 256;

std::vector<Range> cut(int64_t size, int64_t step) {
  std::vector<Range> ranges;
  for (int64_t begin = 0; begin < size; begin += step)
    ranges.push_back({begin, std::min(begin + step, size)});
  return ranges;
}

}  // namespace

std::vector<ScoreBlock> cut_scores(at::IntArrayRef sizes, int64_t groups, const ops::Sight& sight,
                                   int64_t elements) {
  const int64_t shared = sizes[1] / groups;
  const auto fitting = [&](int64_t one, int64_t all) {
    return std::clamp<int64_t>(elements / std::max<int64_t>(one, 1), 1, all);
  };
  int64_t queries = fitting(shared * sizes[3], std::max<int64_t>(sizes[2], 1));
  if (sight.in_order()) queries = std::min(queries, causal_queries);
  const int64_t of_group = shared * queries * sizes[3];
  const int64_t group_step = fitting(of_group, groups);
  const int64_t example_step = fitting(of_group * groups, std::max<int64_t>(sizes[0], 1));
  std::vector<ScoreBlock> blocks;
  for (const Range& examples : cut(sizes[0], example_step)) {
    for (const Range& some : cut(groups, group_step)) {
      for (const Range& rows : cut(sizes[2], queries)) {
        const Range heads{some.begin * shared, some.end * shared};
        blocks.push_back({examples, heads, rows, sight.keys(rows), sizes[1]});
      }
    }
  }
  return blocks;
}

BlockSum::BlockSum(std::vector<int64_t> sizes, at::TensorOptions options)
    : sizes_(std::move(sizes)),
      options_(options),
      narrow_(c10::typeMetaToScalarType(options.dtype())),
      wide_(at::promote_types(narrow_, at::kFloat)) {}

Tensor BlockSum::result() const {
  if (!sum_.defined()) return at::zeros(sizes_, options_);
  return sum_.to(narrow_);
}

}  // namespace lrpp::rules
