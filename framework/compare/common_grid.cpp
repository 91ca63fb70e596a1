#include <lrpp/framework/compare/common_grid.h>
#include <lrpp/framework/error.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

/// One side of a rectangle, in the picture's pixels.
struct Interval {
  double begin = 0, end = 0;
  double length() const { return end - begin; }
};
Interval rows(const PicturePart& part) { return {part.top, part.bottom}; }
Interval columns(const PicturePart& part) { return {part.left, part.right}; }

/// Edges come from divisions. Where one lies this close to the edge of a pixel, in units of that pixel, it is
/// meant to be there: grids that fit then give the pixels' own values, and equal ones stay equal.
constexpr double same_edge = 1e-6;

/// How much of each of `from` pixels over `seen` lies in each of `to` cells over `part`: [to, from].
Tensor shares(Interval seen, int64_t from, Interval part, int64_t to) {
  std::vector<double> edges;  // of the cells, in units of a pixel
  for (int64_t i = 0; i <= to; ++i) {
    const double at = part.begin + part.length() * static_cast<double>(i) / static_cast<double>(to);
    const double edge = (at - seen.begin) * static_cast<double>(from) / seen.length(),
                 whole = std::round(edge);
    edges.push_back(std::abs(edge - whole) < same_edge ? whole : edge);
  }
  Tensor result = at::zeros({to, from}, at::kDouble);
  auto share = result.accessor<double, 2>();
  for (int64_t i = 0; i < to; ++i) {
    const double begin = edges[static_cast<size_t>(i)], end = edges[static_cast<size_t>(i) + 1];
    for (auto j = std::max<int64_t>(0, static_cast<int64_t>(begin)); j < from && static_cast<double>(j) < end;
         ++j) {
      const auto pixel = static_cast<double>(j);
      share[i][j] = std::max(0.0, std::min(end, pixel + 1) - std::max(begin, pixel));
    }
  }
  return result;
}

PicturePart intersection(const PicturePart& a, const PicturePart& b) {
  return {std::max(a.top, b.top), std::max(a.left, b.left), std::min(a.bottom, b.bottom),
          std::min(a.right, b.right)};
}

void check(const SeenMap& map) {
  require(map.relevance.dim() == 2 && map.relevance.numel() > 0, "compare",
          "the map of '{}' must be [H, W]; got {}", map.name, shape_string(map.relevance.sizes()));
  require(map.relevance.isfinite().all().item<bool>(), "compare", "the map of '{}' must be finite", map.name);
  require(rows(map.seen).length() > 0 && columns(map.seen).length() > 0, "compare",
          "'{}' must have seen something; got {}", map.name, describe(map.seen));
}

/// The part that all saw.
PicturePart common_part(const std::vector<SeenMap>& maps, int64_t height, int64_t width) {
  PicturePart part{0, 0, static_cast<double>(height), static_cast<double>(width)};
  std::string seen;
  for (const SeenMap& map : maps) {
    part = intersection(part, map.seen);
    seen += fmt::format("{}'{}' {}", seen.empty() ? "" : "; ", map.name, describe(map.seen));
  }
  require(rows(part).length() > 0 && columns(part).length() > 0, "compare",
          "no part of the picture ({} x {} pixels, height x width) is seen by all: {}. Compare models whose "
          "crops overlap",
          height, width, seen);
  return part;
}

/// How many pixels of the coarsest map fit into the part; at least one.
int64_t cells(const std::vector<SeenMap>& maps, Interval part, Interval (*side)(const PicturePart&),
              int64_t dim) {
  double least = INFINITY;
  for (const SeenMap& map : maps) {
    least = std::min(least,
                     part.length() * static_cast<double>(map.relevance.size(dim)) / side(map.seen).length());
  }
  return std::max<int64_t>(1, std::llround(least));
}

}  // namespace

CommonGrid common_grid(const std::vector<SeenMap>& maps, int64_t height, int64_t width) {
  require(!maps.empty(), "compare", "a common grid needs at least one map; got none");
  for (const SeenMap& map : maps) check(map);
  CommonGrid grid;
  grid.part = common_part(maps, height, width);
  const Interval down = rows(grid.part), across = columns(grid.part);
  grid.height = cells(maps, down, rows, 0);
  grid.width = cells(maps, across, columns, 1);
  Tensors relevance, outside;
  for (const SeenMap& map : maps) {
    const Tensor values = map.relevance.to(at::kCPU, at::kDouble);
    const Tensor by_row = shares(rows(map.seen), values.size(0), down, grid.height);
    const Tensor by_column = shares(columns(map.seen), values.size(1), across, grid.width);
    relevance.push_back(at::matmul(at::matmul(by_row, values), by_column.t()));
    const Tensor inside = at::outer(by_row.sum(0), by_column.sum(0));  // the share of each pixel in all cells
    outside.push_back((values * (1 - inside)).sum());
  }
  grid.relevance = at::stack(relevance);
  grid.outside = at::stack(outside);
  return grid;
}

}  // namespace lrpp
