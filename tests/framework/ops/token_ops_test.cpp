// Ops on sequences of tokens: concat, select_index, position_ids, parameter and rope.
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/parameter.h>
#include <lrpp/framework/ops/position_ids.h>
#include <lrpp/framework/ops/rope.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <thread>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::expect_user_error;
using testing::random;

/// Float64 rounding of a few operations.
constexpr double tolerance = 1e-12;

TEST(Concat, AgainstAutograd) {
  for (const int64_t dim : {int64_t{1}, int64_t{-1}}) {
    std::vector<int64_t> second{2, 3, 4};
    second[static_cast<size_t>(dim == 1 ? 1 : 2)] = 5;
    check_against_autograd(
        ops::Concat({3, dim}), [&](const Tensors& in) -> Tensors { return {at::cat(in, dim)}; },
        {random({2, 3, 4}, 1), random(second, 2), random({2, 3, 4}, 3)}, tolerance);
  }
  expect_user_error([] { ops::Concat({0}); }, {"inputs must be positive"});
}

TEST(SelectIndex, AgainstAutograd) {
  for (const int64_t index : {0, 4}) {
    check_against_autograd(
        ops::SelectIndex({index}), [&](const Tensors& in) -> Tensors { return {in[0].unbind(1)[index]}; },
        {random({2, 5, 3}, 1)}, tolerance);
  }
  expect_user_error([] { ops::SelectIndex({5}).forward({random({2, 5, 3})}); }, {"[0, T)", "5"});
  expect_user_error([] { ops::SelectIndex({-1}).forward({random({2, 5, 3})}); }, {"-1"});
}

TEST(Parameter, HasTheBatchOfItsInput) {
  const Tensor value = random({1, 4, 3}, 1);
  const Tensor out = ops::Parameter(value).forward({random({5, 2})})[0];
  EXPECT_EQ(out.sizes(), (std::vector<int64_t>{5, 4, 3}));
  for (int64_t b = 0; b < 5; ++b) EXPECT_TRUE(out[b].equal(value[0]));
  expect_user_error([] { ops::Parameter(random({2, 4, 3})); }, {"[1, ...]", "[2, 4, 3]"});
}

TEST(PositionIds, CountTokens) {
  const Tensor ids = at::tensor({7, 8, 9, 1, 5, 1, 6, 1}, at::kLong).view({2, 4});
  const auto positions = [&](const ops::PositionIds& op) {
    const Tensor p = op.forward({ids})[0].contiguous();
    return std::vector<int64_t>(p.data_ptr<int64_t>(), p.data_ptr<int64_t>() + p.numel());
  };
  EXPECT_EQ(positions(ops::PositionIds()), (std::vector<int64_t>{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(positions(ops::PositionIds({1})), (std::vector<int64_t>{2, 3, 4, 1, 2, 1, 3, 1}))
      << "counted over real tokens; padding keeps padding_idx";
  expect_user_error([] { ops::PositionIds().forward({at::zeros({3}, at::kLong)}); }, {"[B,T]", "[3]"});
}

ops::Rope rope(const ops::RopeAttributes& attributes) {
  return ops::Rope(std::make_shared<ops::RopeTable>(attributes));
}

TEST(Rope, EqualsTransformers) {
  const Json json = read_json(testing::fixture("rope/rope.json"))["rotation"];
  const auto shape = json["shape"].get<std::vector<int64_t>>();
  const auto tensor = [&](const char* key) {
    return at::tensor(json[key].get<std::vector<double>>(), at::kDouble).view(shape);
  };
  const Tensor y = rope({json["dim"].get<int64_t>(), json["theta"].get<double>()}).forward({tensor("x")})[0];
  EXPECT_LT(testing::relative_difference(y, tensor("y")), tolerance);
}

TEST(Rope, AgainstAutograd) {
  const int64_t tokens = 7;
  for (const auto& [dim, size] : std::vector<std::pair<int64_t, int64_t>>{{6, 6}, {2, 6}, {4, 5}}) {
    ops::RopeAttributes attributes{dim, 100};
    attributes.attention_factor = 1.5;
    const auto oracle = [&, dim = dim, size = size](const Tensors& in) -> Tensors {
      // As rotations of complex numbers.
      const int64_t half = dim / 2;
      const Tensor exponent = at::arange(half, at::kDouble) * (-2.0 / static_cast<double>(dim));
      const Tensor angle = at::arange(tokens, at::kDouble).unsqueeze(1) * at::pow(100.0, exponent);
      const Tensor z = at::complex(in[0].narrow(3, 0, half), in[0].narrow(3, half, half));
      const Tensor turned = z * at::polar(at::full_like(angle, 1.5), angle);
      return {at::cat({at::real(turned), at::imag(turned), in[0].narrow(3, dim, size - dim)}, 3)};
    };
    check_against_autograd(rope(attributes), oracle, {random({2, 3, tokens, size}, 1)}, tolerance);
  }
}

TEST(Rope, OneTableServesAllLengthsTypesAndThreads) {
  const ops::RopeTable table({4, 10000});
  const auto alone = [](int64_t tokens) {
    return ops::RopeTable({4, 10000}).at(tokens, at::kFloat, at::kCPU).first;
  };
  std::vector<std::thread> threads;
  std::array<bool, 4> same{};
  for (size_t i = 0; i < same.size(); ++i) {
    threads.emplace_back([&, i] {
      same[i] = true;
      for (int64_t tokens = 1; tokens < 50; ++tokens) {
        const int64_t length = tokens + static_cast<int64_t>(i);
        same[i] = same[i] && table.at(length, at::kFloat, at::kCPU).first.equal(alone(length));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool s : same) EXPECT_TRUE(s);
  EXPECT_EQ(table.at(5, at::kBFloat16, at::kCPU).second.scalar_type(), at::kBFloat16);
}

TEST(Rope, AttributesAreChecked) {
  const auto fails = [](const ops::RopeAttributes& attributes, const std::vector<std::string>& parts) {
    expect_user_error([&] { ops::RopeTable table(attributes); }, parts);
  };
  fails({3}, {"dim must be even", "3"});
  fails({0}, {"dim", "0"});
  fails({4, -1.0}, {"theta", "-1"});
  fails({4, 1e4, "longrope"}, {"'longrope'", "not supported", "llama3"});
  fails({4, 1e4, "linear", 0.5}, {"factor", "0.5"});
  fails({4, 1e4, "yarn", 2}, {"trained_positions", "yarn"});
  fails({2, 1e4, "dynamic", 2, 16}, {"dim above 2"});
  fails({4, 1e4, "llama3", 2, 16, 4, 4}, {"high_freq_factor", "4"});
  fails({4, 1e4, "yarn", 2, 16, 1, 4, 1, 2}, {"beta_fast"});
  expect_user_error([] { rope({8}).forward({random({1, 1, 2, 6})}); }, {"at least 8", "[1, 1, 2, 6]"});
}

}  // namespace
}  // namespace lrpp
