// Methods against slow ones written as their papers write them, which share no code with them.
#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/methods/integrated_gradients.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/tests/framework/methods/cases.h>
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/support/graph_autograd.h>

#include <cmath>

namespace lrpp {
namespace {

using namespace testing;

/// Float64 rounding through a whole model, in sums of another order.
constexpr double rounding = 1e-10;

/// Models that autograd can run op by op.
const std::vector<std::string> differentiable{"hf-forward/bert", "hf-forward/gpt2", "hf-forward/vit",
                                              "hf-forward/resnet", "hf-forward/mamba2"};

Attribution run(const MethodCase& c, const std::string& method, const Json& parameters) {
  return builtin_registry().make_method(method, parameters)->explain(c.model, c.inputs, {});
}

/// The gradient of each example's largest logit, at other values, by torch::autograd.
class AutogradAt {
 public:
  explicit AutogradAt(const MethodCase& c) : fed_(fed_with_values(c.model.graph)), inputs_(c.inputs) {
    const Tensor logits = run_forward(c.model, c.inputs);
    seed_ = at::zeros_like(logits).scatter_(1, logits.argmax(1, true), 1);
  }
  Tensor operator()(const Tensor& values) {
    inputs_[fed_.node(fed_.attributed().node).name] = values;
    return autograd_of_graph(fed_, inputs_, seed_, differentiable_forward);
  }

 private:
  Graph fed_;
  Inputs inputs_;
  Tensor seed_;
};

TEST(IntegratedGradients, IsTheRiemannSumOfThePaper) {
  for (const auto& [name, m] : {std::pair{"hf-forward/gpt2", 2000}, std::pair{"hf-forward/vit", 200}}) {
    SCOPED_TRACE(name);
    const MethodCase c(name);
    const Tensor x = values_at(c.model.graph, c.inputs);
    // Equation 3 of the paper, with its sum over k = 1 ... m taken at the middle of each interval.
    AutogradAt gradient(c);
    Tensor sum = at::zeros_like(x);
    for (int k = 0; k < m; ++k) sum += gradient(x * ((static_cast<double>(k) + 0.5) / m));
    const Tensor expected = x * sum / static_cast<double>(m);
    const Attribution midpoint = run(c, "integrated-gradients", {{"steps", m}, {"rule", "midpoint"}});
    EXPECT_LT(relative_difference(midpoint.relevance, expected), rounding);
    // LayerNorm turns sharply next to zero, so that the sums of 100 points and of m differ by what lies
    // there.
    const Attribution gauss = run(c, "integrated-gradients", {{"steps", 100}});
    EXPECT_LT(relative_difference(gauss.relevance, expected), 2e-2);
    EXPECT_LT(gauss.facts["completeness"]["largest_relative_gap"].get<double>(), 2e-2);
  }
}

TEST(IntegratedGradients, CompletenessIsRecordedAndCanBeRequired) {
  const MethodCase c("hf-forward/mamba-tied");
  const Attribution a = run(c, "integrated-gradients", {{"steps", 64}, {"baseline", "3"}});
  MethodCase other = c;
  other.inputs["input_ids"] = at::full_like(c.inputs.at("input_ids"), 3);
  const Tensor there = run_forward(other.model, other.inputs);
  const Tensor at_baseline = there.gather(1, a.target.target.unsqueeze(1)).squeeze(1);
  const Json facts = a.facts["completeness"];
  for (int64_t row = 0; row < a.score.size(0); ++row) {
    const auto i = static_cast<size_t>(row);
    EXPECT_NEAR(facts["difference"][i].get<double>(), (a.score - at_baseline)[row].item<double>(), 1e-12);
    EXPECT_NEAR(facts["sum"][i].get<double>(), a.relevance[row].sum().item<double>(), 1e-12);
  }
  EXPECT_LT(facts["largest_relative_gap"].get<double>(), 1e-3);
  EXPECT_NO_THROW(run(c, "integrated-gradients", {{"steps", 64}, {"baseline", "3"}, {"tolerance", 1e-3}}));
  // From zero, and evenly, the sum misses most of it: a norm is the first layer.
  const Attribution even = run(c, "integrated-gradients", {{"steps", 64}});
  const Attribution crowds = run(c, "integrated-gradients", {{"steps", 64}, {"power", 4}});
  EXPECT_LT(crowds.facts["completeness"]["largest_relative_gap"].get<double>(),
            0.1 * even.facts["completeness"]["largest_relative_gap"].get<double>());
  expect_user_error(
      [&] {
        run(c, "integrated-gradients", {{"steps", 1}, {"tolerance", 1e-9}});
      },
      {"must add up", "1 steps", "more steps"});
}

TEST(Quadrature, IntegratesPolynomials) {
  for (const int64_t count : {1, 2, 5, 20, 64}) {
    const Quadrature gauss = gauss_legendre(count), middle = midpoint(count);
    for (int64_t power = 0; power < 2 * count; ++power) {
      double sum = 0;
      for (size_t i = 0; i < gauss.points.size(); ++i)
        sum += gauss.weights[i] * std::pow(gauss.points[i], power);
      EXPECT_NEAR(sum, 1.0 / static_cast<double>(power + 1), 1e-13) << count << " points, power " << power;
    }
    for (int64_t power = 1; power <= 3; ++power) {  // the integral of x is that of p t^(2p - 1)
      const Quadrature q = crowded(gauss, static_cast<double>(power));
      double first = 0;
      for (size_t i = 0; i < q.points.size(); ++i) first += q.weights[i] * q.points[i];
      if (2 * power - 1 < 2 * count) {
        EXPECT_NEAR(first, 0.5, 1e-13);
      }
    }
    double sum = 0;
    for (size_t i = 0; i < middle.points.size(); ++i) sum += middle.weights[i] * middle.points[i];
    EXPECT_NEAR(sum, 0.5, 1e-14);
  }
}

TEST(SmoothGrad, IsTheMeanOfGradientsWithNoiseAdded) {
  for (const std::string& name : differentiable) {
    SCOPED_TRACE(name);
    const MethodCase c(name);
    const Tensor x = values_at(c.model.graph, c.inputs);
    const std::vector<uint64_t> seeds = example_seeds(5, c.inputs);
    std::vector<at::Generator> generators;
    for (uint64_t seed : seeds) generators.push_back(at::make_generator<at::CPUGeneratorImpl>(seed));
    AutogradAt gradient(c);
    Tensor sum = at::zeros_like(x);
    for (int64_t s = 0; s < 7; ++s) {
      Tensor noisy = x.clone();
      for (int64_t b = 0; b < x.size(0); ++b) {
        const double range = (x[b].max() - x[b].min()).item<double>();
        noisy[b] += 0.2 * range * at::randn(x[b].sizes(), generators[static_cast<size_t>(b)], at::kDouble);
      }
      sum += gradient(noisy);
    }
    const Json parameters = {{"samples", 7}, {"noise", 0.2}, {"seed", 5}, {"batch", 5}};
    EXPECT_LT(relative_difference(run(c, "smooth-grad", parameters).relevance, x * sum / 7), rounding);
    Json gradients = parameters;
    gradients["times_input"] = false;
    EXPECT_LT(relative_difference(run(c, "smooth-grad", gradients).relevance, sum / 7), rounding);
    const Tensor plain = run(c, "smooth-grad", {{"samples", 2}, {"noise", 0}}).relevance;
    EXPECT_LT(relative_difference(plain, run(c, "gradient-x-input", Json::object()).relevance), rounding);
  }
}

TEST(Occlusion, OfTokensIsTheModelOnOtherIds) {
  for (const char* name : {"hf-forward/bert", "hf-forward/gpt2", "hf-forward/mamba-tied", "hf-forward/jamba",
                           "caduceus/ps-classifier"}) {
    SCOPED_TRACE(name);
    const MethodCase c(name);
    const Attribution a = run(c, "occlusion", {{"replacement", "2"}, {"batch", 5}});
    const Tensor ids = c.inputs.at("input_ids");
    const Tensor target = a.target.target.unsqueeze(1);
    for (int64_t t = 0; t < ids.size(1); ++t) {
      Inputs changed = c.inputs;
      changed["input_ids"] = ids.clone();
      changed["input_ids"].select(1, t).fill_(2);
      const Tensor worth = a.score - run_forward(c.model, changed).gather(1, target).squeeze(1);
      // Differences of logits near each other: rounding counts against the logit, not the difference.
      EXPECT_LT((a.relevance_token.select(1, t) - worth).abs().max().item<double>(), 1e-11);
    }
  }
}

TEST(Occlusion, OfPatchesIsALoopOverThem) {
  const MethodCase c("hf-forward/resnet");
  const Tensor x = c.inputs.at("pixel_values");
  const int64_t side = x.size(2);
  const Attribution a = run(c, "occlusion", {{"replacement", "mean"}, {"patch", 10}, {"stride", 7}});
  Tensor sum = at::zeros_like(x), count = at::zeros_like(x);
  const Tensor colour = x.mean({2, 3}, true);
  std::vector<int64_t> begins;
  for (int64_t begin = 0; begin + 10 < side; begin += 7) begins.push_back(begin);
  begins.push_back(side - 10);
  for (int64_t top : begins) {
    for (int64_t left : begins) {
      Inputs changed{{"pixel_values", x.clone()}};
      const auto part = [&](const Tensor& t) { return t.slice(2, top, top + 10).slice(3, left, left + 10); };
      part(changed["pixel_values"]).copy_(colour.expand_as(part(x)));
      const Tensor without = run_forward(c.model, changed).gather(1, a.target.target.unsqueeze(1)).squeeze(1);
      part(sum) += ((a.score - without) / static_cast<double>(x.size(1) * 100)).view({-1, 1, 1, 1});
      part(count) += 1;
    }
  }
  EXPECT_LT((a.relevance - sum / count).abs().max().item<double>(), 1e-12);
  expect_user_error([&] { run(c, "occlusion", {{"patch", side + 1}}); }, {"'patch'", "fit into the image"});
  expect_user_error([&] { run(c, "occlusion", {{"patch", 4}, {"stride", 5}}); }, {"'stride'", "left out"});
  expect_user_error([&] { run(c, "occlusion", {{"replacement", "[UNK]"}}); }, {"zero, mean or black"});
}

TEST(Occlusion, RefusesWhatDoesNotFitAModelThatReads) {
  const MethodCase c("hf-forward/bert");
  expect_user_error([&] { run(c, "occlusion", {{"patch", 4}}); }, {"token by token"});
  expect_user_error([&] { run(c, "occlusion", {{"replacement", "99999"}}); }, {"token ids", "99999"});
  expect_user_error([&] { run(c, "occlusion", {{"replacement", "no such"}}); }, {"'no such'", "vocabulary"});
}

TEST(Random, DependsOnTheInputAndTheSeedAlone) {
  const MethodCase c("hf-forward/mamba-tied");
  const Tensor relevance = run(c, "random", {{"seed", 1}}).relevance_token;
  EXPECT_TRUE(relevance.equal(run(c, "random", {{"seed", 1}}).relevance_token));
  EXPECT_FALSE(relevance.equal(run(c, "random", {{"seed", 2}}).relevance_token));
  ASSERT_GT(c.examples(), 1);
  EXPECT_FALSE(relevance[0].equal(relevance[1]));
  MethodCase last = c;
  for (auto& [name, tensor] : last.inputs) tensor = tensor.slice(0, -1);
  EXPECT_TRUE(run(last, "random", {{"seed", 1}}).relevance_token[0].equal(relevance[-1]));
}

TEST(Random, IsUniformAndNothingOnPadding) {
  Model model = load_case("hf-forward/bert");
  const Tensor ids = at::randint(1, model.vocabulary_size, {500, 12}, at::kLong);
  const Tensor mask = at::ones_like(ids);
  mask.slice(1, 10).zero_();
  const auto inputs = prepare_text(model, {ids, mask, {}}, "last");
  const Tensor tokens = builtin_registry().make_method("random")->explain(model, inputs, {}).relevance_token;
  EXPECT_TRUE(tokens.slice(1, 10).eq(0).all().item<bool>());
  const Tensor real = tokens.slice(1, 0, 10);
  // 5000 numbers: the mean has a standard deviation of 0.0082, the mean of squares (1/3) one of 0.0042; six.
  EXPECT_LT(std::abs(real.mean().item<double>()), 0.05);
  EXPECT_LT(std::abs(real.square().mean().item<double>() - 1.0 / 3), 0.026);
  EXPECT_LE(real.abs().max().item<double>(), 1);
}

}  // namespace
}  // namespace lrpp
