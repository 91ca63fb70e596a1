#include <gmock/gmock.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <lrpp/tests/plugins/mamba/selective_scan_case.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace lrpp::mamba {
namespace {

using at::Tensor;

// Both sides round each of some dozens of terms and products; 1e-12 of the largest is thousands of roundings
// of float64.
constexpr double kDoubleTolerance = 1e-12;
// A float32 kernel against the float64 reference: roundings of 6e-8, a few hundred of them where decays are
// slow.
constexpr double kFloatTolerance = 5e-6;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor scan(const ScanCase& c) { return selective_scan(c.x, c.dt, c.A, c.B, c.C, c.D); }
Tensor transposed_scan(const ScanCase& c) { return selective_scan_relevance(c.m, c.dt, c.A, c.B, c.C, c.D); }
std::vector<Tensor> gradients(const ScanCase& c) {
  const auto [dx, ddt, db, dc] = selective_scan_vjp(c.m, c.x, c.dt, c.A, c.B, c.C, c.D);
  return {dx, ddt, db, dc};
}

Tensor reference_scan(const ScanCase& c) { return selective_scan_reference(c.x, c.dt, c.A, c.B, c.C, c.D); }

/// Gradients of sum(m * y) of the reference by autograd: by x, dt, B, C, or by x alone while the others are
/// held.
std::vector<Tensor> autograd_of_reference(const ScanCase& c, bool only_x) {
  ScanCase leaf = c;
  std::vector<Tensor*> wanted = {&leaf.x};
  if (!only_x) wanted.insert(wanted.end(), {&leaf.dt, &leaf.B, &leaf.C});
  std::vector<Tensor> inputs;
  for (Tensor* tensor : wanted) {
    *tensor = tensor->detach().clone().requires_grad_();
    inputs.push_back(*tensor);
  }
  return torch::autograd::grad({reference_scan(leaf)}, inputs, {c.m});
}

class SelectiveScan : public testing::TestWithParam<std::tuple<cpu::Isa, ScanShape>> {
 protected:
  ForcedIsa forced{std::get<0>(GetParam())};
  ScanCase doubles{std::get<1>(GetParam())};
  ScanCase floats = doubles.to(at::kFloat);
  /// What the float32 kernel was really given, for the float64 reference.
  ScanCase rounded = floats.to(at::kDouble);
};

TEST_P(SelectiveScan, ForwardIsTheReference) {
  EXPECT_LT(error_of(scan(doubles), reference_scan(doubles)), kDoubleTolerance);
  EXPECT_LT(error_of(scan(floats), reference_scan(rounded)), kFloatTolerance);
}

TEST_P(SelectiveScan, RelevanceIsTheGradientWithHeldParameters) {
  EXPECT_LT(error_of(transposed_scan(doubles), autograd_of_reference(doubles, true)[0]), kDoubleTolerance);
  EXPECT_LT(error_of(transposed_scan(floats), autograd_of_reference(rounded, true)[0]), kFloatTolerance);
}

TEST_P(SelectiveScan, VjpIsTheFullGradient) {
  const auto expected = autograd_of_reference(doubles, false),
             expected_rounded = autograd_of_reference(rounded, false);
  const auto actual = gradients(doubles), actual_floats = gradients(floats);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(error_of(actual[i], expected[i]), kDoubleTolerance) << "gradient " << i;
    EXPECT_LT(error_of(actual_floats[i], expected_rounded[i]), kFloatTolerance) << "gradient " << i;
  }
}

TEST_P(SelectiveScan, ConservesWhatItTransposes) {
  // <m, scan(x)> = <scan^T(m), x>, which is also the conservation of relevance; to the rounding of the sums'
  // terms.
  const Tensor out = scan(doubles) * doubles.m, in = transposed_scan(doubles) * doubles.x;
  const double scale = out.abs().sum().item<double>() + in.abs().sum().item<double>();
  EXPECT_LT(std::abs(out.sum().item<double>() - in.sum().item<double>()), kDoubleTolerance * scale);
}

TEST_P(SelectiveScan, ReadsViewsInPlace) {
  // Column slices of wider matrices, batch and token axes swapped, an expanded multiplier, a transposed x.
  for (const ScanCase& dense : {doubles, floats}) {
    ScanCase views = dense;
    views.x = columns_first(dense.x);
    views.m = swapped(widened(dense.m));
    views.dt = widened(dense.dt);
    views.B = widened(swapped(dense.B));
    views.C = swapped(dense.C);
    views.A = dense.A.t().contiguous().t();
    EXPECT_TRUE(at::equal(scan(views), scan(dense)));
    EXPECT_TRUE(at::equal(transposed_scan(views), transposed_scan(dense)));
    const auto of_views = gradients(views), of_dense = gradients(dense);
    for (size_t i = 0; i < of_dense.size(); ++i)
      EXPECT_TRUE(at::equal(of_views[i], of_dense[i])) << "gradient " << i;
    views.m = dense.m.slice(0, 0, 1).slice(1, 0, 1).expand_as(dense.m);
    ScanCase copied = dense;
    copied.m = views.m.contiguous();
    EXPECT_TRUE(at::equal(transposed_scan(views), transposed_scan(copied)));
  }
}

TEST_P(SelectiveScan, IsBitIdenticalForAnyNumberOfThreads) {
  expect_the_same_for_any_threads([&] {
    std::vector<Tensor> all{scan(floats), transposed_scan(floats)};
    for (const Tensor& gradient : gradients(floats)) all.push_back(gradient);
    return all;
  });
}

// One token and two; chunk borders of the vjp (16); odd widths around the vectors (4 to 16 lanes) and the
// blocks (16 to 64 channels); one state, and so many that a block shrinks to 16 channels; enough work for
// several threads.
INSTANTIATE_TEST_SUITE_P(Shapes, SelectiveScan,
                         testing::Combine(testing::ValuesIn(available_isas()),
                                          testing::Values(ScanShape{1, 1, 1, 1}, ScanShape{1, 1, 8, 16},
                                                          ScanShape{2, 2, 5, 3}, ScanShape{3, 16, 17, 1},
                                                          ScanShape{1, 17, 31, 16}, ScanShape{2, 32, 65, 7},
                                                          ScanShape{1, 33, 97, 64}, ScanShape{2, 19, 130, 16},
                                                          ScanShape{1, 5, 20, 300},
                                                          ScanShape{2, 70, 200, 16})),
                         [](const auto& info) {
                           return std::string(cpu::isa_name(std::get<0>(info.param))) +
                                  name_of(std::get<1>(info.param));
                         });

class SelectiveScanIsa : public IsaTest {};
INSTANTIATE_TEST_SUITE_P(Isas, SelectiveScanIsa, testing::ValuesIn(available_isas()), isa_of);

TEST_P(SelectiveScanIsa, StaysAccurateOverLongSequences) {
  ScanCase doubles({1, 4096, 19, 4});
  // Memories of about 10 to 100,000 tokens; numbers that float32 holds exactly, so that one reference serves
  // both.
  doubles.A = -at::logspace(-4, 0, 19 * 4, 10.0, at::kDouble).reshape({19, 4});
  const ScanCase floats = doubles.to(at::kFloat);
  doubles = floats.to(at::kDouble);
  const Tensor y = reference_scan(doubles);
  const Tensor dx =
      selective_scan_relevance_reference(doubles.m, doubles.dt, doubles.A, doubles.B, doubles.C, doubles.D);
  EXPECT_LT(error_of(scan(doubles), y), kDoubleTolerance);
  EXPECT_LT(error_of(transposed_scan(doubles), dx), kDoubleTolerance);
  // 4096 roundings of 6e-8 each, were all of one sign: 2.4e-4. They are not.
  EXPECT_LT(error_of(scan(floats), y), 2e-5);
  EXPECT_LT(error_of(transposed_scan(floats), dx), 2e-5);
}

TEST_P(SelectiveScanIsa, ForgetsToZeroAndLeavesTheDenormalModeAlone) {
  ScanCase c({1, 300, 20, 3}, at::kFloat);
  c.x.slice(1, 1).zero_();
  c.dt.fill_(1);
  const Tensor y = scan(c);
  // exp(-0.5 * 299) is below float32: nothing is left at the end, without NaN on the way.
  EXPECT_TRUE(y.isfinite().all().item<bool>());
  EXPECT_EQ(y.select(1, 299).abs().max().item<float>(), 0.0F);
  volatile float smallest = std::numeric_limits<float>::min();
  EXPECT_GT(smallest / 2, 0.0F);
}

TEST_P(SelectiveScanIsa, PropagatesNaNAndInfinity) {
  for (const double bad : {kNaN, kInf, -kInf}) {
    for (int which = 0; which < 5; ++which) {
      ScanCase c({2, 6, 21, 3});
      Tensor* const inputs[] = {&c.x, &c.dt, &c.B, &c.C, &c.m};
      if (which == 1 && bad == -kInf) continue;  // a step is not negative
      inputs[which]->select(0, 1).select(0, 2).select(0, 1).fill_(bad);
      const auto non_finite = [](const Tensor& tensor) { return tensor.isfinite().logical_not(); };
      EXPECT_TRUE(at::equal(non_finite(scan(c)), non_finite(reference_scan(c))))
          << bad << " in input " << which;
      EXPECT_TRUE(at::equal(non_finite(transposed_scan(c)),
                            non_finite(selective_scan_relevance_reference(c.m, c.dt, c.A, c.B, c.C, c.D))))
          << bad << " in input " << which;
      // The gradient of a sum over channels is not finite where the reference's is not; padding may add no
      // more rows.
      const auto [dx, ddt, db, dc] = selective_scan_vjp_reference(c.m, c.x, c.dt, c.A, c.B, c.C, c.D);
      const auto actual = gradients(c);
      const Tensor expected[] = {dx, ddt, db, dc};
      for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(at::equal(non_finite(actual[i]), non_finite(expected[i])))
            << bad << " in " << which << ", " << i;
      }
    }
  }
}

TEST(SelectiveScanComposition, AgreesWithAutograd) {
  const ScanCase c({2, 9, 7, 5});
  const auto expected = autograd_of_reference(c, false);
  EXPECT_LT(error_of(selective_scan_relevance_reference(c.m, c.dt, c.A, c.B, c.C, c.D), expected[0]),
            kDoubleTolerance);
  const auto [dx, ddt, db, dc] = selective_scan_vjp_reference(c.m, c.x, c.dt, c.A, c.B, c.C, c.D);
  EXPECT_LT(error_of(dx, expected[0]), kDoubleTolerance);
  EXPECT_LT(error_of(ddt, expected[1]), kDoubleTolerance);
  EXPECT_LT(error_of(db, expected[2]), kDoubleTolerance);
  EXPECT_LT(error_of(dc, expected[3]), kDoubleTolerance);
}

TEST(SelectiveScanDtypes, Bfloat16IsComputedInFloat32) {
  const ScanCase low = ScanCase({2, 20, 33, 16}).to(at::kBFloat16);
  const ScanCase high = low.to(at::kFloat);
  EXPECT_TRUE(at::equal(scan(low), scan(high).to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(transposed_scan(low), transposed_scan(high).to(at::kBFloat16)));
  const auto of_low = gradients(low), of_high = gradients(high);
  for (size_t i = 0; i < of_low.size(); ++i) EXPECT_TRUE(at::equal(of_low[i], of_high[i].to(at::kBFloat16)));
  // Checkpoints keep A and D in float32 beside bfloat16 activations.
  EXPECT_TRUE(at::equal(selective_scan(low.x, low.dt, high.A, low.B, low.C, high.D), scan(low)));
}

TEST(SelectiveScanDtypes, AnEmptyBatchGivesAnEmptyResult) {
  ScanCase c({0, 4, 5, 3});
  EXPECT_EQ(scan(c).sizes(), (std::vector<int64_t>{0, 4, 5}));
  EXPECT_EQ(gradients(c)[2].sizes(), (std::vector<int64_t>{0, 4, 3}));
}

TEST(SelectiveScanErrors, NameTheArgumentAndTheShape) {
  const ScanCase c({2, 5, 8, 3});
  const auto with = [&](auto change) {
    ScanCase changed = c;
    change(changed);
    return message_of([&] { scan(changed); });
  };
  EXPECT_EQ(with([](ScanCase& k) { k.dt = k.dt.slice(2, 0, 7); }),
            "[selective_scan] dt must have shape [B,T,E] = [2,5,8]; got [2,5,7]");
  EXPECT_EQ(with([](ScanCase& k) { k.C = k.C.slice(1, 0, 4); }),
            "[selective_scan] C must have shape [B,T,N] = [2,5,3]; got [2,4,3]");
  EXPECT_EQ(with([](ScanCase& k) { k.A = k.A.t(); }),
            "[selective_scan] A must have shape [E,N] = [8,N] with N at least 1; got [3,8]");
  EXPECT_EQ(with([](ScanCase& k) { k.D = k.D.unsqueeze(0); }),
            "[selective_scan] D must have shape [E] = [8]; got [1,8]");
  EXPECT_THAT(with([](ScanCase& k) { k.x = k.x[0]; }),
              testing::HasSubstr("x must have 3 dimensions, [B,T,E]"));
  EXPECT_THAT(with([](ScanCase& k) { k.x = k.x.slice(1, 0, 0); }),
              testing::HasSubstr("at least one token and one channel; got shape [2,0,8]"));
  EXPECT_THAT(with([](ScanCase& k) { k.B = k.B.to(at::kFloat); }),
              testing::HasSubstr("B must have the dtype of x, Double; got Float"));
  EXPECT_THAT(with([](ScanCase& k) { k.x = k.x.to(at::kLong); }),
              testing::HasSubstr("x must be float32, float64 or bfloat16; got Long"));
  EXPECT_THAT(with([](ScanCase& k) { k.B = Tensor(); }), testing::HasSubstr("got an undefined tensor"));
  EXPECT_THAT(with([](ScanCase& k) { k.x = Tensor(); }), testing::HasSubstr("x must be a tensor"));
  ScanCase bad = c;
  bad.x = bad.x.slice(0, 0, 1);
  EXPECT_EQ(message_of([&] { gradients(bad); }),
            "[selective_scan_vjp] x must have shape [B,T,E] = [2,5,8]; got [1,5,8]");
  bad.dt = Tensor();
  EXPECT_THAT(message_of([&] { transposed_scan(bad); }),
              testing::HasSubstr("[selective_scan_relevance] dt must have shape"));
}

}  // namespace
}  // namespace lrpp::mamba
