// Mamba-2's recurrence in its chunked form against the recurrence itself, token by token.
#include <lrpp/plugins/mamba/kernels/ssd.h>
#include <lrpp/plugins/mamba/ops/ssd.h>
#include <lrpp/rules/hold.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;

struct Sizes {
  int64_t tokens, heads, head_dim, groups, states;
};

/// h_t = exp(dt_t A) h_{t-1} + dt_t x_t B_t^T and y_t = h_t C_t + D x_t for each head, h [P, N].
Tensor recurrence(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                  const Tensor& D, const Sizes& s) {
  const int64_t batch = x.size(0);
  Tensor h = at::zeros({batch, s.heads, s.head_dim, s.states}, x.options());
  const auto per_head = [&](const Tensor& of_groups) {  // [B,G*N] -> [B,H,N]
    return of_groups.view({batch, s.groups, s.states}).repeat_interleave(s.heads / s.groups, 1);
  };
  Tensors rows;
  for (int64_t t = 0; t < s.tokens; ++t) {
    const Tensor step = dt.select(1, t).unsqueeze(-1);  // [B,H,1]
    const Tensor now = x.select(1, t).reshape({batch, s.heads, s.head_dim});
    h = (step * A.unsqueeze(-1)).exp().unsqueeze(-1) * h +
        (step * now).unsqueeze(-1) * per_head(B.select(1, t)).unsqueeze(2);
    const Tensor y = (h * per_head(C.select(1, t)).unsqueeze(2)).sum(-1) + D.unsqueeze(-1) * now;
    rows.push_back(y.reshape({batch, -1}));
  }
  return at::stack(rows, 1);
}

struct Problem {
  explicit Problem(const Sizes& s, int64_t batch = 2)
      : A_log(random({s.heads}, 1)),
        D(random({s.heads}, 2)),
        inputs{random({batch, s.tokens, s.heads * s.head_dim}, 3),
               at::softplus(random({batch, s.tokens, s.heads}, 4)),
               random({batch, s.tokens, s.groups * s.states}, 5),
               random({batch, s.tokens, s.groups * s.states}, 6)} {}
  Tensor A_log, D;
  Tensors inputs;
};

// One token; less than a chunk; exactly one; one more; several with a rest. Groups: one, some, one a head.
const std::vector<Sizes> all_sizes{
    {1, 1, 1, 1, 1}, {7, 4, 3, 2, 5}, {64, 2, 4, 1, 3}, {65, 4, 2, 4, 3}, {200, 6, 2, 3, 4}};

TEST(Ssd, AgainstAutogradOfTheRecurrence) {
  for (const Sizes& s : all_sizes) {
    SCOPED_TRACE(s.tokens);
    const Problem p(s);
    const Tensor A = -p.A_log.exp();
    const mamba::Ssd op(p.A_log, p.D, s.groups);
    const auto oracle = [&](const Tensors& in) -> Tensors {
      return {recurrence(in[0], in[1], A, in[2], in[3], p.D, s)};
    };
    const auto held = [&](const Tensors& in) -> Tensors {
      return {recurrence(in[0], in[1].detach(), A, in[2].detach(), in[3].detach(), p.D, s)};
    };
    // Float64 rounding of sums of up to 200 terms, each a product with an exponential.
    check_against_autograd(op, oracle, p.inputs, 1e-12);
    check_linear_view(op, held, p.inputs, 0, 1e-12);
  }
}

TEST(Ssd, LongDecaysNeitherOverflowNorVanishInTheRest) {
  // exp(dt A) is 0 to rounding over a chunk: quotients of running products would be 0/0.
  const Sizes s{130, 2, 2, 1, 3};
  Problem p(s);
  p.inputs[1] = p.inputs[1] * 50;
  const Tensor A = -p.A_log.exp();
  const Tensor got = mamba::ssd(p.inputs[0], p.inputs[1], A, p.inputs[2], p.inputs[3], p.D, s.groups);
  const Tensor expected = recurrence(p.inputs[0], p.inputs[1], A, p.inputs[2], p.inputs[3], p.D, s);
  EXPECT_LT(testing::relative_difference(got, expected), 1e-12);
}

TEST(Ssd, InFloat32AndBfloat16StaysWithinTheirRounding) {
  const Sizes s{150, 4, 8, 2, 16};
  const Problem p(s);
  const Tensor A = -p.A_log.exp();
  const Tensor expected = recurrence(p.inputs[0], p.inputs[1], A, p.inputs[2], p.inputs[3], p.D, s);
  // Sums of some hundred terms of either sign, each a few roundings of 2^-24 = 6e-8 off: 2e-5 is over three
  // hundred of them. In bfloat16 inputs and output are rounded to 2^-8 = 4e-3, of which 2e-2 is five.
  for (const auto& [dtype, tolerance] :
       std::vector<std::pair<at::ScalarType, double>>{{at::kFloat, 2e-5}, {at::kBFloat16, 2e-2}}) {
    Tensors in;
    for (const Tensor& t : p.inputs) in.push_back(t.to(dtype));
    const Tensor got = mamba::ssd(in[0], in[1], A, in[2], in[3], p.D, s.groups);
    EXPECT_EQ(got.scalar_type(), dtype);
    EXPECT_LT(testing::relative_difference(got.to(at::kDouble), expected), tolerance);
  }
}

TEST(Ssd, HoldSharesByTheUnrolledWeights) {
  // y_t = sum_s W_ts x_s with W_ts = (C_t . B_s) (prod_{s<r<=t} exp(dt_r A)) dt_s, plus D at s = t; relevance
  // R_s = sum_t W_ts x_s / y_t R_t. Quadratic, and only a test.
  const Sizes s{6, 2, 2, 1, 3};
  const Problem p(s, 1);
  const Tensor &x = p.inputs[0], &dt = p.inputs[1], &B = p.inputs[2], &C = p.inputs[3];
  const mamba::Ssd op(p.A_log, p.D, s.groups);
  const Tensor y = op.forward(p.inputs)[0], relevance_out = random(y.sizes(), 7);
  Tensor expected = at::zeros_like(x);
  for (int64_t channel = 0; channel < 4; ++channel) {
    const int64_t head = channel / s.head_dim;
    const double A = -std::exp(p.A_log[head].item<double>());
    for (int64_t t = 0; t < s.tokens; ++t) {
      for (int64_t from = 0; from <= t; ++from) {
        double weight = C[0][t].dot(B[0][from]).item<double>() * dt[0][from][head].item<double>();
        for (int64_t r = from + 1; r <= t; ++r) weight *= std::exp(dt[0][r][head].item<double>() * A);
        if (from == t) weight += p.D[head].item<double>();
        expected[0][from][channel] += weight * x[0][from][channel].item<double>() /
                                      y[0][t][channel].item<double>() *
                                      relevance_out[0][t][channel].item<double>();
      }
    }
  }
  const Tensors got = rules::Hold().propagate(op, Kept::all(p.inputs, {y}), {relevance_out / y});
  EXPECT_LT(testing::relative_difference(got[0] * x, expected), 1e-11);
  for (size_t i = 1; i < 4; ++i) EXPECT_FALSE(got[i].defined()) << "dt, B and C are held";
}

TEST(Ssd, IsChecked) {
  expect_user_error([] { mamba::Ssd(random({4, 2}), random({4, 2}), 1); }, {"[H]", "[4, 2]"});
  expect_user_error([] { mamba::Ssd(random({4}), random({3}), 1); }, {"[H]", "[4]", "[3]"});
  expect_user_error([] { mamba::Ssd(random({4}), random({4}), 3); }, {"4 heads", "3 equal groups"});
  const Problem p({5, 4, 3, 2, 5});
  const mamba::Ssd op(p.A_log, p.D, 2);
  const auto with = [&](size_t i, const Tensor& wrong) {
    Tensors inputs = p.inputs;
    inputs[i] = wrong;
    return op.forward(inputs);
  };
  expect_user_error([&] { with(0, random({2, 5, 13})); }, {"4 equal heads", "13 channels"});
  expect_user_error([&] { with(0, random({2, 0, 12})); }, {"[B,T,H*P]", "[2, 0, 12]"});
  expect_user_error([&] { with(1, random({2, 5, 3})); }, {"dt must have shape", "[2, 5, 4]", "[2, 5, 3]"});
  expect_user_error([&] { with(2, random({2, 5, 9})); }, {"B and C", "[2, 5, 9]"});
  expect_user_error([&] { with(3, random({2, 4, 10})); }, {"B and C", "[2, 4, 10]"});
}

}  // namespace
}  // namespace lrpp
