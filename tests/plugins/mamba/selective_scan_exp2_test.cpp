#include <lrpp/tests/plugins/mamba/selective_scan_case.h>

#include <cmath>
#include <limits>

namespace lrpp::mamba {
namespace {

template <class Scalar>
std::vector<Scalar> exp2_of(const std::vector<Scalar>& in) {
  std::vector<Scalar> out(in.size());
  cpu::exp2(in.data(), out.data(), static_cast<int64_t>(in.size()));
  return out;
}

/// The largest relative error of 2^y over a grid of the arguments whose results are normal numbers.
template <class Scalar>
double worst_error(Scalar low, Scalar high) {
  std::vector<Scalar> in;
  constexpr int kSteps = 400'000;
  for (int i = 0; i <= kSteps; ++i) in.push_back(low + (high - low) * static_cast<Scalar>(i) / kSteps);
  // Slow decays: from the smallest steps on.
  for (Scalar y = -std::numeric_limits<Scalar>::min(); y > -1; y *= static_cast<Scalar>(1.01))
    in.push_back(y);
  return worst_relative_error(in, exp2_of(in), [](long double y) { return std::exp2(y); });
}

template <class Scalar>
void check_limits() {
  using Limits = std::numeric_limits<Scalar>;
  const Scalar bias = Limits::max_exponent - 1;
  const auto out =
      exp2_of<Scalar>({0, -0.0, -bias, -bias - 1, -2 * bias, Limits::lowest(), -Limits::infinity(),
                       Limits::infinity(), Limits::quiet_NaN(), bias + 1, Limits::max(), 1, -1, bias});
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(out[1], 1);
  for (int i = 2; i <= 6; ++i) EXPECT_EQ(out[i], 0) << i;
  EXPECT_EQ(out[7], Limits::infinity());
  EXPECT_TRUE(std::isnan(out[8]));
  EXPECT_EQ(out[9], Limits::infinity());
  EXPECT_EQ(out[10], Limits::infinity());
  EXPECT_EQ(out[11], 2);
  EXPECT_EQ(out[12], static_cast<Scalar>(0.5));
  EXPECT_EQ(out[13], std::ldexp(Scalar(1), static_cast<int>(bias)));
  // Where results would be denormal they are no larger than the smallest normal number, and never garbage.
  std::vector<Scalar> low;
  for (int i = 1; i < 1000; ++i) low.push_back(1 - bias - static_cast<Scalar>(i) / 20);
  for (const Scalar value : exp2_of(low)) {
    EXPECT_GE(value, 0);
    EXPECT_LE(value, Limits::min());
  }
  for (const unsigned payload : {0x7fc00001U, 0x7fffffffU, 0xffc00123U, 0xffffffffU}) {
    EXPECT_TRUE(std::isnan(exp2_of<Scalar>({static_cast<Scalar>(__builtin_bit_cast(float, payload))})[0]));
  }
}

template <class Scalar>
void check_tails() {
  for (int64_t count = 0; count < 40; ++count) {
    const std::vector<Scalar> in(count + 1, -3);
    std::vector<Scalar> out(count + 1, 7);
    cpu::exp2(in.data(), out.data(), count);
    for (int64_t i = 0; i < count; ++i) EXPECT_EQ(out[i], static_cast<Scalar>(0.125));
    EXPECT_EQ(out[count], 7) << "wrote past " << count;
  }
}

class SelectiveScanExp2 : public IsaTest {};
INSTANTIATE_TEST_SUITE_P(Isas, SelectiveScanExp2, testing::ValuesIn(available_isas()), isa_of);

TEST_P(SelectiveScanExp2, IsAccurateInFloat32) {
  // Polynomial 2e-9, and the roundings of its last two additions: under 2 units of 2^-23 in the last place.
  const double worst = worst_error<float>(-125.99F, 127.49F);
  RecordProperty("worst", std::to_string(worst * 1e9));
  EXPECT_LT(worst, 1.5e-7);
}

TEST_P(SelectiveScanExp2, IsAccurateInFloat64) {
  const double worst = worst_error<double>(-1021.99, 1023.49);
  RecordProperty("worst", std::to_string(worst * 1e18));
  EXPECT_LT(worst, 4e-16);
}

TEST_P(SelectiveScanExp2, HasTheRightLimits) {
  check_limits<float>();
  check_limits<double>();
}

TEST_P(SelectiveScanExp2, WritesNothingPastTheEnd) {
  check_tails<float>();
  check_tails<double>();
}

}  // namespace
}  // namespace lrpp::mamba
