#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/statistics.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace lrpp::evaluation {
namespace {

/// Above this many pairs there are too many sign patterns to go through.
constexpr size_t exact_pairs = 16;

void check(const std::vector<double>& values) {
  require(!values.empty(), "statistics", "at least one value is needed; got none");
  require(std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }), "statistics",
          "values must be finite; got infinite ones or NaN");
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Between the sorted values on both sides of the place that the share p falls on, as NumPy's default.
double percentile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval bootstrap_mean(const std::vector<double>& values, uint64_t seed, double confidence, int resamples) {
  check(values);
  require(confidence > 0 && confidence < 1, "statistics", "the confidence must lie in (0, 1); got {}",
          confidence);
  require(resamples >= 1, "statistics", "at least 1 resample is needed; got {}", resamples);
  std::mt19937_64 random(seed);
  const size_t n = values.size();
  std::vector<double> means(static_cast<size_t>(resamples));
  for (double& mean : means) {
    double sum = 0;
    // The standard's distributions differ between libraries. 53 bits times n, rounded down, do not, and are
    // even enough for any n that fits into memory.
    for (size_t i = 0; i < n; ++i)
      sum +=
          values[static_cast<size_t>(static_cast<double>(random() >> 11) * 0x1p-53 * static_cast<double>(n))];
    mean = sum / static_cast<double>(n);
  }
  std::sort(means.begin(), means.end());
  const double tail = (1 - confidence) / 2;
  return {mean_of(values), percentile(means, tail), percentile(means, 1 - tail)};
}

double paired_permutation_test(const std::vector<double>& a, const std::vector<double>& b, uint64_t seed,
                               int resamples) {
  require(a.size() == b.size(), "statistics", "a paired test needs as many values of both; got {} and {}",
          a.size(), b.size());
  check(a);
  check(b);
  require(resamples >= 1, "statistics", "at least 1 resample is needed; got {}", resamples);
  std::vector<double> difference(a.size());
  std::transform(a.begin(), a.end(), b.begin(), difference.begin(), std::minus<>());
  const double observed = std::abs(std::accumulate(difference.begin(), difference.end(), 0.0));
  // A pattern that equals the observed one must count whatever the order of its sum rounds to.
  double scale = 0;
  for (const double d : difference) scale += std::abs(d);
  const double bound = observed - 1e-12 * scale;
  const size_t n = difference.size();
  if (n <= exact_pairs) {
    const uint64_t patterns = uint64_t{1} << n;
    uint64_t as_far = 0;
    for (uint64_t signs = 0; signs < patterns; ++signs) {
      double sum = 0;
      for (size_t i = 0; i < n; ++i) sum += (signs >> i & 1) != 0 ? -difference[i] : difference[i];
      if (std::abs(sum) >= bound) ++as_far;
    }
    return static_cast<double>(as_far) / static_cast<double>(patterns);
  }
  std::mt19937_64 random(seed);
  int as_far = 0;
  for (int r = 0; r < resamples; ++r) {
    double sum = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < n; ++i) {
      if (i % 64 == 0) bits = random();
      sum += (bits >> i % 64 & 1) != 0 ? -difference[i] : difference[i];
    }
    if (std::abs(sum) >= bound) ++as_far;
  }
  return (as_far + 1.0) / (resamples + 1.0);
}

}  // namespace lrpp::evaluation
