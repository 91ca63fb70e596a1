// The code of docs/how-to/measure-explanations.md.
#include <gtest/gtest.h>
#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/statistics.h>

namespace {

TEST(MeasureExplanations, AModelOfOnesOwn) {
  at::manual_seed(1);
  // [docs:measure]
  namespace evaluation = lrpp::evaluation;
  const at::Tensor inputs = at::randn({100, 12}), weight = at::randn({12, 2});
  // Which examples, and which of their 12 features are there: [N], [N,12] -> logits [N,2].
  const evaluation::MaskedModel model = [&](const at::Tensor& example, const at::Tensor& kept) {
    return at::matmul(inputs.index_select(0, example) * kept, weight);
  };
  const at::Tensor target = at::zeros({100}, at::kLong);
  const at::Tensor relevance = inputs * weight.select(1, 0);  // exact, since the model is linear
  const evaluation::Curves curves =
      evaluation::flipping_curves({model, {target, {}}}, relevance, /*steps=*/12);
  const at::Tensor gain = evaluation::flipping_gain(curves);  // dA_F of each example
  const std::vector<double> gains(gain.data_ptr<double>(), gain.data_ptr<double>() + gain.numel());
  const evaluation::Interval mean = evaluation::bootstrap_mean(gains, /*seed=*/0);
  fmt::print("dA_F {:.2f}, 95% interval {:.2f} to {:.2f}\n", mean.mean, mean.low, mean.high);
  // [/docs:measure]
  EXPECT_GT(mean.low, 1);
  EXPECT_LT(mean.high - mean.low, 2);
}

}  // namespace
