// The ops of a mixture of experts, against loops over tokens and experts.
#include <lrpp/framework/ops/experts.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/rules/hold.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <numeric>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// Float64 rounding of a few operations.
constexpr double tolerance = 1e-12;

/// Two examples of three tokens that choose two of four experts. Expert 2 has no token; of expert 3 the first
/// example sends none, so that its rows there are padding.
Tensor some_choice() { return at::tensor({0, 1, 1, 0, 0, 1, 3, 0, 0, 1, 3, 0}, at::kLong).view({2, 3, 2}); }

/// What the op documents, one row after the other: the tokens of each expert, with rows of zeros behind them.
Tensors dispatched(const Tensor& x, const Tensor& choice, int64_t experts) {
  Tensors parts;
  for (int64_t e = 0; e < experts; ++e) {
    std::vector<Tensors> of_example;
    size_t most = 0;
    for (int64_t b = 0; b < x.size(0); ++b) {
      Tensors rows;
      for (int64_t t = 0; t < x.size(1); ++t)
        if (choice[b][t].eq(e).any().item<bool>()) rows.push_back(x[b][t]);
      most = std::max(most, rows.size());
      of_example.push_back(rows);
    }
    Tensors examples;
    for (Tensors& rows : of_example) {
      while (rows.size() < most) rows.push_back(at::zeros({x.size(2)}, x.options()));
      examples.push_back(most == 0 ? x[0].slice(0, 0, 0) : at::stack(rows));
    }
    parts.push_back(at::stack(examples));
  }
  return parts;
}

/// The weighted sum as a product with a matrix [B,T,N], whose entry is the weight of the choice that made the
/// row.
Tensor combined(const Tensor& rows, const Tensor& choice, const Tensor& weights, int64_t experts) {
  const int64_t B = choice.size(0), T = choice.size(1);
  const Tensor number = at::arange(1, T + 1).to(at::kDouble);
  const Tensors parts = dispatched(number.view({1, T, 1}).expand({B, T, 1}), choice, experts);
  const Tensor token = at::cat(parts, 1).transpose(1, 2);  // [B,1,N], 0 for padding
  Tensors expert;
  for (size_t e = 0; e < parts.size(); ++e)
    expert.push_back(at::full({parts[e].size(1)}, static_cast<int64_t>(e), at::kLong));
  Tensor matrix = at::zeros({B, T, rows.size(1)}, rows.options());
  for (int64_t j = 0; j < choice.size(2); ++j) {
    const Tensor made =
        choice.select(2, j).unsqueeze(2).eq(at::cat(expert)) & token.eq(number.view({1, T, 1}));
    matrix = matrix + weights.select(2, j).unsqueeze(2) * made.to(at::kDouble);
  }
  return at::bmm(matrix, rows);
}

TEST(ExpertDispatch, AgainstAutograd) {
  const Tensor choice = some_choice();
  check_against_autograd(
      ops::ExpertDispatch({4}), [&](const Tensors& in) { return dispatched(in[0], choice, 4); },
      {random({2, 3, 5}, 1), choice}, tolerance);
}

TEST(ExpertDispatch, PadsWithZerosAndLeavesUnchosenExpertsEmpty) {
  const Tensors parts = ops::ExpertDispatch({4}).forward({random({2, 3, 5}, 1), some_choice()});
  EXPECT_EQ(parts[1].sizes(), (std::vector<int64_t>{2, 3, 5}));
  EXPECT_EQ(parts[2].sizes(), (std::vector<int64_t>{2, 0, 5})) << "nobody chose expert 2";
  EXPECT_EQ(parts[3].sizes(), (std::vector<int64_t>{2, 2, 5}));
  EXPECT_EQ(parts[3][0].abs().max().item<double>(), 0) << "the first example sends expert 3 nothing";
  EXPECT_GT(parts[3][1].abs().min().item<double>(), 0);
}

TEST(ExpertDispatch, NamesWhatDoesNotFit) {
  const ops::ExpertDispatch op({4});
  const Tensor x = random({2, 3, 5});
  expect_user_error(
      [&] {
        op.forward({x, at::zeros({2, 4, 2}, at::kLong)});
      },
      {"[B,T,k]", "[2, 3, 5]", "[2, 4, 2]"});
  expect_user_error([&] { op.forward({random({2, 3}), some_choice()}); }, {"[B,T,D]", "[2, 3]"});
  expect_user_error([&] { op.forward({x, random({2, 3, 2})}); }, {"int64", "Double"});
  expect_user_error([&] { op.forward({x, some_choice() + 2}); }, {"[0, 4)", "5"});
  expect_user_error([&] { op.forward({x, some_choice() - 1}); }, {"[0, 4)", "-1"});
  expect_user_error([] { ops::ExpertDispatch({0}); }, {"expert_dispatch", "experts must be positive"});
}

TEST(ExpertCombine, AgainstAutograd) {
  const Tensor choice = some_choice();
  const ops::ExpertCombine op({4});
  const Tensors inputs{random({2, 8, 5}, 1), choice, random({2, 3, 2}, 2)};
  check_against_autograd(
      op, [&](const Tensors& in) -> Tensors { return {combined(in[0], choice, in[2], 4)}; }, inputs,
      tolerance);
  check_linear_view(
      op, [&](const Tensors& in) -> Tensors { return {combined(in[0], choice, in[2].detach(), 4)}; }, inputs,
      0, tolerance);
}

TEST(ExpertCombine, NamesWhatDoesNotFit) {
  const ops::ExpertCombine op({4});
  const Tensor rows = random({2, 8, 5}), weights = random({2, 3, 2});
  expect_user_error(
      [&] {
        op.forward({random({2, 6, 5}), some_choice(), weights});
      },
      {"8 rows", "[2, 6, 5]"});
  expect_user_error([&] { op.forward({rows, some_choice(), random({2, 3, 1})}); }, {"[B,T,k]", "[2, 3, 1]"});
  expect_user_error([&] { op.forward({random({1, 8, 5}), some_choice(), weights}); }, {"[1, 8, 5]"});
  expect_user_error([&] { op.forward({rows, some_choice() + 1, weights}); }, {"[0, 4)", "4"});
  expect_user_error([] { ops::ExpertCombine({-1}); }, {"expert_combine", "-1"});
}

/// sum_j w_tj f_j(x_t), token by token: a mixture as its papers write it.
TEST(Experts, AMixtureIsItsWeightedSumTokenByToken) {
  const Tensor x = random({2, 3, 5}, 1), choice = some_choice(), weights = random({2, 3, 2}, 2);
  const auto expert = [](const Tensor& rows, int64_t e) {
    const auto seed = static_cast<uint64_t>(e);
    return at::tanh(at::linear(rows, random({4, 5}, 10 + seed), random({4}, 20 + seed)));
  };
  Tensors rows = ops::ExpertDispatch({4}).forward({x, choice});
  for (size_t e = 0; e < rows.size(); ++e) rows[e] = expert(rows[e], static_cast<int64_t>(e));
  const Tensor y = ops::ExpertCombine({4}).forward({at::cat(rows, 1), choice, weights})[0];
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t t = 0; t < 3; ++t) {
      Tensor sum = at::zeros({4}, at::kDouble);
      for (int64_t j = 0; j < 2; ++j)
        sum += weights[b][t][j] * expert(x[b][t], choice[b][t][j].item<int64_t>());
      EXPECT_LT(relative_difference(y[b][t], sum), tolerance);
    }
  }
}

TEST(Experts, NoRelevanceReachesThePadding) {
  // The biases of the experts make something of padding, too: nobody reads it.
  const Tensor choice = some_choice(), weights = random({2, 3, 2}, 2), rows = random({2, 8, 5}, 3);
  const ops::ExpertCombine op({4});
  const Tensor y = op.forward({rows, choice, weights})[0];
  const Tensors got =
      rules::Hold().propagate(op, Kept::all({rows, choice, weights}, {y}), {random({2, 3, 5}, 4)});
  EXPECT_EQ(got[0][0].slice(0, 6).abs().max().item<double>(), 0) << "rows 6 and 7 are padding in example 0";
  EXPECT_GT(got[0][0].slice(0, 0, 6).abs().min().item<double>(), 0);
  EXPECT_FALSE(got[2].defined()) << "the weights are held";
}

/// The choice of one token by sorting: groups first, then experts.
std::vector<int64_t> chosen(const Tensor& ranking, const ops::ExpertChoiceAttributes& a) {
  const int64_t experts = ranking.size(0), size = experts / a.groups;
  const auto best_first = [](std::vector<int64_t> which, const std::vector<double>& value) {
    std::sort(which.begin(), which.end(), [&](int64_t i, int64_t j) {
      return value[static_cast<size_t>(i)] > value[static_cast<size_t>(j)];
    });
    return which;
  };
  std::vector<double> value, sums;
  for (int64_t e = 0; e < experts; ++e) value.push_back(ranking[e].item<double>());
  std::vector<int64_t> groups(static_cast<size_t>(a.groups)), open;
  std::iota(groups.begin(), groups.end(), 0);
  for (int64_t g = 0; g < a.groups; ++g) {
    std::vector<double> of_group(value.begin() + g * size, value.begin() + (g + 1) * size);
    std::sort(of_group.rbegin(), of_group.rend());
    sums.push_back(of_group[0] + (size > 1 ? of_group[1] : 0));
  }
  groups = best_first(groups, sums);
  for (int64_t g = 0; g < a.kept_groups; ++g)
    for (int64_t i = 0; i < size; ++i) open.push_back(groups[static_cast<size_t>(g)] * size + i);
  open = best_first(open, value);
  return {open.begin(), open.begin() + a.k};
}

TEST(ExpertChoice, IsTheBestOfTheBestGroups) {
  const Tensor scores = random({2, 7, 12}, 1).sigmoid();
  for (const bool with_bias : {false, true}) {
    const Tensor bias = with_bias ? random({12}, 2) : Tensor();
    for (const ops::ExpertChoiceAttributes& a : std::vector<ops::ExpertChoiceAttributes>{
             {3, 1, 1}, {1, 1, 1}, {12, 1, 1}, {3, 4, 2}, {5, 6, 3}, {4, 2, 1}, {2, 3, 3}}) {
      const ops::ExpertChoice op(a, bias);
      const Tensors out = op.forward({scores});
      const Tensor ranking = with_bias ? scores + bias : scores;
      for (int64_t b = 0; b < 2; ++b) {
        for (int64_t t = 0; t < 7; ++t) {
          const Tensor got = out[1][b][t].contiguous();
          EXPECT_EQ(std::vector<int64_t>(got.data_ptr<int64_t>(), got.data_ptr<int64_t>() + a.k),
                    chosen(ranking[b][t], a));
          EXPECT_TRUE(out[0][b][t].equal(scores[b][t].index_select(0, got))) << "scores without the bias";
        }
      }
      check_against_autograd(
          op, [&](const Tensors& in) -> Tensors { return {in[0].gather(2, out[1])}; }, {scores}, tolerance);
    }
  }
}

TEST(ExpertChoice, NamesWhatDoesNotFit) {
  const auto forward = [](ops::ExpertChoiceAttributes a) {
    ops::ExpertChoice(a).forward({random({2, 3, 8})});
  };
  expect_user_error([] { ops::ExpertChoice({0, 1, 1}); }, {"k must be positive"});
  expect_user_error([] { ops::ExpertChoice({2, 2, 3}); }, {"kept_groups", "3 of 2"});
  expect_user_error([] { ops::ExpertChoice({2, 0, 0}); }, {"kept_groups"});
  expect_user_error([] { ops::ExpertChoice({2}, random({2, 2})); }, {"bias", "[E]", "[2, 2]"});
  expect_user_error([] { ops::ExpertChoice({2}, random({7})).forward({random({2, 3, 8})}); }, {"7", "8"});
  expect_user_error([] { ops::ExpertChoice({2}).forward({random({3, 8})}); }, {"[B,T,E]", "[3, 8]"});
  expect_user_error([&] { forward({9, 1, 1}); }, {"9 experts", "8 that are open"});
  expect_user_error([&] { forward({5, 4, 2}); }, {"5 experts", "4 that are open"});
  expect_user_error([&] { forward({2, 3, 1}); }, {"3 groups", "8 experts"});
  expect_user_error([&] { forward({2, 8, 4}); }, {"8 groups", "at least 2"});
}

TEST(SumNorm, AgainstAutograd) {
  const ops::SumNorm op;
  const Tensors inputs{random({2, 3, 4}, 1).sigmoid()};
  check_against_autograd(
      op, [](const Tensors& in) -> Tensors { return {in[0] / in[0].sum(-1, true)}; }, inputs, tolerance);
  check_linear_view(
      op, [](const Tensors& in) -> Tensors { return {in[0] / in[0].detach().sum(-1, true)}; }, inputs, 0,
      tolerance);
}

TEST(Softmax, OfARoutersScores) {
  check_against_autograd(
      ops::Softmax(), [](const Tensors& in) -> Tensors { return {at::softmax(in[0], -1)}; },
      {random({2, 3, 4}, 1)}, tolerance);
  expect_user_error(
      [] {
        ops::Softmax({/*causal=*/true}).forward({random({2, 3, 3})});
      },
      {"[B,H,T,S]", "[2, 3, 3]"});
}

}  // namespace
}  // namespace lrpp
