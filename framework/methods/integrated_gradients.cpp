#include <lrpp/framework/methods/integrated_gradients.h>
#include <lrpp/framework/methods/replacement.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lrpp {
namespace {

Json as_json(const Tensor& numbers) {
  const Tensor wide = numbers.to(at::kCPU, at::kDouble).contiguous();
  const double* data = wide.const_data_ptr<double>();
  return std::vector<double>(data, data + wide.numel());
}

/// The gap as a share of the difference; where that is nothing, of what was there at the input.
Tensor relative_gap(const Tensor& sum, const Tensor& difference, const Tensor& score) {
  const Tensor scale = at::where(difference.eq(0), score.abs(), difference.abs());
  return (sum - difference).abs() / scale.clamp_min(1e-12);
}

}  // namespace

Quadrature midpoint(int64_t count) {
  Quadrature q;
  for (int64_t i = 0; i < count; ++i) {
    q.points.push_back((static_cast<double>(i) + 0.5) / static_cast<double>(count));
    q.weights.push_back(1.0 / static_cast<double>(count));
  }
  return q;
}

Quadrature gauss_legendre(int64_t count) {
  Quadrature q;
  const auto n = static_cast<double>(count);
  for (int64_t i = count; i >= 1; --i) {
    // Newton's method on the Legendre polynomial P_n, from its asymptotic roots.
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) - 0.25) / (n + 0.5)), slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double before = 1, value = x;
      for (int64_t k = 2; k <= count; ++k) {
        const auto d = static_cast<double>(k);
        before = std::exchange(value, ((2 * d - 1) * x * value - (d - 1) * before) / d);
      }
      slope = n * (x * value - before) / (x * x - 1);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    q.points.push_back((x + 1) / 2);
    q.weights.push_back(1 / ((1 - x * x) * slope * slope));
  }
  return q;
}

Quadrature crowded(Quadrature even, double power) {
  for (size_t i = 0; i < even.points.size(); ++i) {
    const double t = even.points[i];
    even.weights[i] *= power * std::pow(t, power - 1);
    even.points[i] = std::pow(t, power);
  }
  return even;
}

IntegratedGradients::IntegratedGradients(IntegratedGradientsParameters parameters, Composite gradient)
    : MethodWith(std::move(parameters)), gradients_(std::move(gradient)) {
  const IntegratedGradientsParameters& p = parameters_;
  const char* where = "method integrated-gradients";
  require(p.steps >= 1 && p.steps <= 100000, where, "'steps' must lie in [1, 100000]; got {}", p.steps);
  require(p.rule == "gauss-legendre" || p.rule == "midpoint", where,
          "'rule' must be 'gauss-legendre' or 'midpoint'; got '{}'", p.rule);
  require(p.power >= 1 && p.power <= 100, where, "'power' must lie in [1, 100]; got {}", p.power);
  require(!p.tolerance || *p.tolerance > 0, where, "'tolerance' must be above 0; got {}",
          p.tolerance.value_or(0));
  versions_together(p.batch, 1);
}

Attribution IntegratedGradients::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                                         const ExplainOptions& options) const {
  Probe probe = gradients_.probe(model, inputs, options);
  const Tensor x = probe.values;
  const Tensor baseline = replacement(model, parameters_.baseline, x).expand_as(x);
  const int64_t steps = parameters_.steps, examples = probe.examples();
  const Quadrature q =
      crowded(parameters_.rule == "midpoint" ? midpoint(steps) : gauss_legendre(steps), parameters_.power);
  const Tensor way = x - baseline;
  const int64_t together = std::min(steps, versions_together(parameters_.batch, examples));
  const auto along = [&](const std::vector<double>& numbers, int64_t begin, int64_t end) {
    std::vector<int64_t> sizes(static_cast<size_t>(x.dim()) + 1, 1);
    sizes[1] = end - begin;
    const std::vector<double> part(numbers.begin() + begin, numbers.begin() + end);
    return at::tensor(part, at::kDouble).view(sizes).to(x.options());
  };
  Tensor mean;
  for (int64_t done = 0; done < steps; done += together) {
    const int64_t end = std::min(done + together, steps);
    const Tensor points = baseline.unsqueeze(1) + along(q.points, done, end) * way.unsqueeze(1);
    const Tensor gradients = gradients_.at(model, probe, points.flatten(0, 1), options);
    mean = add_defined(mean, (gradients * along(q.weights, done, end).unsqueeze(2)).sum(1));
    if (options.progress) options.progress(end, steps);
  }
  const Tensor relevance = mean.flatten(0, 1) * probe.of_rows(way);

  const Tensor at_input = probe.attribution.score.to(at::kDouble);
  const Tensor difference = at_input - gradients_.scores(model, probe, baseline).flatten().to(at::kDouble);
  const Tensor sum = sum_per_example(relevance);
  const double gap = relative_gap(sum, difference, at_input).max().item<double>();
  if (parameters_.tolerance && !(gap <= *parameters_.tolerance)) {
    fail("method integrated-gradients",
         "relevance must add up to F(x) - F(baseline) to {:g} of it; it misses by {:.3g} with {} steps. Take "
         "more steps; from a zero embedding through norms also 'power' = 4, or a token as the baseline",
         *parameters_.tolerance, gap, steps);
  }
  Attribution result = std::move(probe).finish(relevance, options.start);
  result.facts["completeness"] = {
      {"difference", as_json(difference)}, {"sum", as_json(sum)}, {"largest_relative_gap", gap}};
  return result;
}

}  // namespace lrpp
