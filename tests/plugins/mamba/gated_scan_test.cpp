#include <gmock/gmock.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_reference.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/tests/plugins/mamba/selective_scan_case.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace lrpp::mamba {
namespace {

using at::Tensor;

// As in selective_scan_test.cpp, of which these are the tolerances: softplus and the gate add some ten
// roundings to hundreds.
constexpr double kDoubleTolerance = 1e-12, kFloatTolerance = 5e-6;

struct GatedCase {
  explicit GatedCase(const ScanShape& s) : scan(s) {
    // Time steps before softplus, a few of them beyond its threshold of 20; gates on both sides of 0.
    scan.dt = at::randn_like(scan.dt) - 2;
    if (s.tokens > 3) scan.dt.select(1, 3).fill_(21);
    z = 3 * at::randn_like(scan.x);
    y = at::randn_like(scan.x);
  }
  GatedCase to(at::ScalarType dtype) const {
    GatedCase other = *this;
    other.scan = scan.to(dtype);
    other.y = y.to(dtype);
    other.z = z.to(dtype);
    return other;
  }

  ScanCase scan;  ///< dt: before softplus
  Tensor y, z;
};

/// gated, y, the multiplier of u, and that of z.
std::vector<Tensor> results(const GatedCase& c) {
  const ScanCase& k = c.scan;
  const Tensor out_z = at::empty_like(c.z.contiguous());
  const auto [gated, y] = gated_scan(k.x, k.dt, k.A, k.B, k.C, k.D, c.z);
  const Tensor du = gated_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D, c.y, c.z, out_z);
  return {gated, y, du, out_z};
}

/// The same by the composition, and the relevance by autograd, with what the rules hold detached: half of the
/// gate's product for each branch, SiLU's factor, the scan's parameters.
std::vector<Tensor> expected_results(const GatedCase& c) {
  const ScanCase& k = c.scan;
  const auto [gated, y] = gated_scan_reference(k.x, k.dt, k.A, k.B, k.C, k.D, c.z);
  const Tensor u = k.x.detach().requires_grad_(), z = c.z.detach().requires_grad_();
  const Tensor scanned = std::get<1>(gated_scan_reference(u, k.dt, k.A, k.B, k.C, k.D, z));
  const Tensor gate = z * at::sigmoid(z).detach();
  const Tensor product = (scanned * gate.detach() + c.y * gate) / 2;
  const auto gradients = torch::autograd::grad({product}, {u, z}, {k.m});
  return {gated, y, gradients[0], gradients[1]};
}

class GatedScan : public testing::TestWithParam<std::tuple<cpu::Isa, ScanShape>> {
 protected:
  ForcedIsa forced{std::get<0>(GetParam())};
  GatedCase doubles{std::get<1>(GetParam())};
  GatedCase floats = doubles.to(at::kFloat);
};

TEST_P(GatedScan, IsTheCompositionAndItsRules) {
  const auto of_doubles = results(doubles), of_floats = results(floats);
  const auto expected = expected_results(doubles),
             expected_rounded = expected_results(floats.to(at::kDouble));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(error_of(of_doubles[i], expected[i]), kDoubleTolerance) << "result " << i;
    EXPECT_LT(error_of(of_floats[i], expected_rounded[i]), kFloatTolerance) << "result " << i;
  }
}

TEST_P(GatedScan, TheReferenceOfRelevanceIsAGradient) {
  const ScanCase& k = doubles.scan;
  const auto [du, dz] = gated_scan_relevance_reference(k.m, k.dt, k.A, k.B, k.C, k.D, doubles.y, doubles.z);
  const auto expected = expected_results(doubles);
  EXPECT_LT(error_of(du, expected[2]), kDoubleTolerance);
  EXPECT_LT(error_of(dz, expected[3]), kDoubleTolerance);
}

TEST_P(GatedScan, IsThePlainScanOfSoftplus) {
  const ScanCase& k = doubles.scan;
  const Tensor dt = at::softplus(k.dt);
  const Tensor y = std::get<1>(gated_scan(k.x, k.dt, k.A, k.B, k.C, k.D, doubles.z));
  EXPECT_LT(error_of(y, selective_scan(k.x, dt, k.A, k.B, k.C, k.D)), kDoubleTolerance);
}

TEST_P(GatedScan, ReadsAndWritesViewsInPlace) {
  const GatedCase low = floats.to(at::kBFloat16);
  for (const GatedCase& dense : {doubles, floats, low}) {
    const auto expected = results(dense);
    GatedCase views = dense;
    views.scan.x = widened(dense.scan.x);
    views.scan.m = swapped(widened(dense.scan.m));
    views.scan.dt = swapped(dense.scan.dt);
    views.y = columns_first(dense.y);
    views.z = widened(dense.z);
    expect_equal(results(views), expected);

    const ScanCase& k = dense.scan;
    expect_written_to_views(expected[3], [&](const Tensor& out) {
      gated_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D, dense.y, dense.z, out);
    });
  }
}

TEST_P(GatedScan, IsBitIdenticalForAnyNumberOfThreads) {
  expect_the_same_for_any_threads([&] { return results(floats); });
}

TEST_P(GatedScan, Bfloat16IsComputedInFloat32) {
  const GatedCase low = floats.to(at::kBFloat16);
  const auto of_low = results(low), of_high = results(low.to(at::kFloat));
  for (size_t i = 0; i < of_low.size(); ++i) {
    EXPECT_TRUE(at::equal(of_low[i], of_high[i].to(at::kBFloat16))) << "result " << i;
  }
}

// One token; odd widths around the vectors and the blocks; one state and many; work for several threads.
INSTANTIATE_TEST_SUITE_P(Shapes, GatedScan,
                         testing::Combine(testing::ValuesIn(available_isas()),
                                          testing::Values(ScanShape{1, 1, 1, 1}, ScanShape{2, 2, 5, 3},
                                                          ScanShape{3, 16, 17, 1}, ScanShape{1, 33, 97, 64},
                                                          ScanShape{2, 19, 130, 16},
                                                          ScanShape{2, 70, 200, 16})),
                         [](const auto& info) {
                           return std::string(cpu::isa_name(std::get<0>(info.param))) +
                                  name_of(std::get<1>(info.param));
                         });

class GatedScanIsa : public IsaTest {};
INSTANTIATE_TEST_SUITE_P(Isas, GatedScanIsa, testing::ValuesIn(available_isas()), isa_of);

template <class Scalar>
std::vector<Scalar> softplus_of(const std::vector<Scalar>& in) {
  std::vector<Scalar> out(in.size());
  cpu::softplus(in.data(), out.data(), static_cast<int64_t>(in.size()));
  return out;
}

/// The largest relative error of softplus over a grid, against long double.
template <class Scalar>
double worst_error(double low, double high) {
  std::vector<Scalar> in;
  constexpr int kSteps = 400'000;
  for (int i = 0; i <= kSteps; ++i) in.push_back(static_cast<Scalar>(low + (high - low) * i / kSteps));
  return worst_relative_error(in, softplus_of(in),
                              [](long double x) { return x > 20 ? x : std::log1p(std::exp(x)); });
}

template <class Scalar>
void check_softplus_limits() {
  using Limits = std::numeric_limits<Scalar>;
  const Scalar above = std::nextafter(Scalar(20), Scalar(30));
  const auto out = softplus_of<Scalar>({0, -0.0, above, 1000, Limits::max(), Limits::infinity(),
                                        -Limits::infinity(), Limits::lowest(), Limits::quiet_NaN()});
  EXPECT_NEAR(out[0], std::log(Scalar(2)), Limits::epsilon());
  EXPECT_EQ(out[1], out[0]);
  EXPECT_EQ(out[2], above) << "beyond the threshold softplus is x itself, as PyTorch has it";
  EXPECT_EQ(out[3], 1000);
  EXPECT_EQ(out[4], Limits::max());
  EXPECT_EQ(out[5], Limits::infinity());
  EXPECT_EQ(out[6], 0);
  EXPECT_EQ(out[7], 0);
  EXPECT_TRUE(std::isnan(out[8]));
}

TEST_P(GatedScanIsa, SoftplusIsAccurateWhereverItsResultsAreNormalNumbers) {
  // e^x to about two units in the last place; a sum, a quotient, and the last products and sums of the
  // series.
  EXPECT_LT(worst_error<float>(-87, 30), 3 * 0x1p-23);
  EXPECT_LT(worst_error<double>(-708, 30), 3 * 0x1p-52);
  EXPECT_LT(worst_error<float>(-1e-3, 1e-3), 3 * 0x1p-23);
  check_softplus_limits<float>();
  check_softplus_limits<double>();
}

TEST_P(GatedScanIsa, PropagatesNaNAndInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
    for (int which = 0; which < 5; ++which) {
      GatedCase c({2, 6, 21, 3});
      Tensor* const inputs[] = {&c.scan.x, &c.scan.m, &c.scan.dt, &c.y, &c.z};
      inputs[which]->select(0, 1).select(0, 2).select(0, 1).fill_(bad);
      const ScanCase& k = c.scan;
      const auto [gated, y] = gated_scan_reference(k.x, k.dt, k.A, k.B, k.C, k.D, c.z);
      const auto [du, dz] = gated_scan_relevance_reference(k.m, k.dt, k.A, k.B, k.C, k.D, c.y, c.z);
      const Tensor expected[] = {gated, y, du, dz};
      const auto actual = results(c);
      for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(at::equal(actual[i].isfinite(), expected[i].isfinite()))
            << bad << " in " << which << ", result " << i;
      }
    }
  }
}

TEST(GatedScanArguments, AnEmptyBatchGivesAnEmptyResult) {
  for (const Tensor& result : results(GatedCase({0, 4, 5, 3}))) {
    EXPECT_EQ(result.sizes(), (std::vector<int64_t>{0, 4, 5}));
  }
}

TEST(GatedScanArguments, ErrorsNameTheArgument) {
  const GatedCase c({2, 5, 8, 3});
  const auto with = [&](auto change) {
    GatedCase changed = c;
    change(changed);
    return message_of([&] { results(changed); });
  };
  EXPECT_EQ(with([](GatedCase& k) { k.scan.dt = k.scan.dt.slice(2, 0, 7); }),
            "[gated_scan] raw_dt must have shape [B,T,E] = [2,5,8]; got [2,5,7]");
  EXPECT_EQ(with([](GatedCase& k) { k.z = k.z.slice(1, 0, 4); }),
            "[gated_scan] z must have shape [B,T,E] = [2,5,8]; got [2,4,8]");
  EXPECT_EQ(with([](GatedCase& k) { k.y = k.y.slice(0, 0, 1); }),
            "[gated_scan_relevance] y must have shape [B,T,E] = [2,5,8]; got [1,5,8]");
  EXPECT_THAT(with([](GatedCase& k) { k.z = k.z.to(at::kFloat); }),
              testing::HasSubstr("z must have the dtype of u, Double; got Float"));
  EXPECT_THAT(with([](GatedCase& k) { k.scan.x = Tensor(); }), testing::HasSubstr("u must be a tensor"));
  EXPECT_THAT(with([](GatedCase& k) { k.scan.A = k.scan.A.t(); }),
              testing::HasSubstr("A must have shape [E,N] = [8,N]"));
  const ScanCase& k = c.scan;
  const auto written_to = [&](const Tensor& out) {
    return message_of([&] { gated_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D, c.y, c.z, out); });
  };
  EXPECT_EQ(written_to(c.z),
            "[gated_scan_relevance] out_z must not share memory with the inputs; got one that "
            "does. Write to another tensor");
  EXPECT_THAT(written_to(at::empty({2, 5, 9}, c.z.options())),
              testing::HasSubstr("out_z must have shape [B,T,E]"));
  EXPECT_THAT(written_to(k.D.expand({2, 5, 8})), testing::HasSubstr("out_z must hold each element once"));
}

}  // namespace
}  // namespace lrpp::mamba
