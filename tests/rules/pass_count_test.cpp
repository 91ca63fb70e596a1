// How many passes over a layer each rule makes: products with its matrix forward and transposed, and changed
// copies of its weights.
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/input_rules.h>
#include <lrpp/rules/sign_rules.h>
#include <lrpp/tests/rules/oracle.h>

namespace lrpp::rules {
namespace {

using namespace lrpp::testing;

struct Passes {
  int64_t forward = 0;  ///< in examples: a pass over one example alone counts as one
  int64_t transposed = 0, changed = 0;
  friend bool operator==(const Passes&, const Passes&) = default;
};

std::ostream& operator<<(std::ostream& out, const Passes& p) {
  return out << p.forward << " examples forward, " << p.transposed << " transposed, " << p.changed
             << " changed copies";
}

class CountingMap final : public LinearMap {
 public:
  CountingMap(std::unique_ptr<LinearMap> map, Passes& passes) : map_(std::move(map)), passes_(passes) {}
  Tensor apply(const Tensor& x) const override {
    passes_.forward += x.size(0);
    return map_->apply(x);
  }
  Tensor transpose(const Tensor& m) const override {
    passes_.transposed += m.size(0);
    return map_->transpose(m);
  }
  Tensor bias() const override { return map_->bias(); }
  std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const override {
    ++passes_.changed;
    return std::make_unique<CountingMap>(map_->with_weights(change), passes_);
  }
  std::unique_ptr<LinearMap> with_ones() const override {
    ++passes_.changed;
    return std::make_unique<CountingMap>(map_->with_ones(), passes_);
  }

 private:
  std::unique_ptr<LinearMap> map_;
  Passes& passes_;
};

/// A convolution whose view counts.
class CountingConv2d final : public Op {
 public:
  std::string_view type() const override { return "conv2d"; }
  OpKind kind() const override { return OpKind::linear; }
  Tensors forward(const Tensors& inputs) const override { return layer_.forward(inputs); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override {
    return std::make_unique<CountingMap>(layer_.linear_map(kept, data_input), passes);
  }
  mutable Passes passes;

 private:
  ops::Conv2d layer_{random({4, 3, 3, 3}, 1), random({4}, 2)};
};

constexpr int64_t examples = 5;

enum class Input { signed_values, nonnegative, nonnegative_before_relu };

/// The same passes leave something out where an input is known to have no negative element: it must be
/// nothing.
void expect_the_same_where_known(const Rule& rule) {
  const CountingConv2d layer;
  const Tensor x = random({examples, 3, 6, 6}, 3).abs(), y = layer.forward({x})[0];
  Meta known = Meta::of(x);
  known.nonnegative = true;
  for (const Tensor& relevance : {random(y.sizes(), 4), y.clamp_min(0), y.clamp_max(0)}) {
    const Tensor got = rule.propagate(layer, Kept({x}, {y}, {known}, {Meta::of(y)}), {relevance})[0];
    const Tensor expected = rule.propagate(layer, Kept::all({x}, {y}), {relevance})[0];
    // Float64; the two sum in other orders.
    EXPECT_LT(relative_difference(x * got, x * expected), 1e-11) << rule.name();
  }
}

TEST(Passes, LeaveOutNothingThatCounts) {
  expect_the_same_where_known(ZPlus());
  expect_the_same_where_known(AlphaBeta());
  expect_the_same_where_known(AlphaBeta({1, 0}));
  expect_the_same_where_known(Gamma());
  expect_the_same_where_known(Gamma({100, 1e-6, /*zero_bias=*/true}));
  expect_the_same_where_known(GeneralizedGamma());
}

/// Of one application, with what the rule declared kept and nothing else.
Passes count(const Rule& rule, Input input) {
  const CountingConv2d layer;
  const Tensor x =
      input == Input::signed_values ? random({examples, 3, 6, 6}, 3) : random({examples, 3, 6, 6}, 3).abs();
  const Tensor y = layer.forward({x})[0];
  // A ReLU's zeros carry no relevance.
  const Tensor relevance = input == Input::nonnegative_before_relu ? y.clamp_min(0) : random(y.sizes(), 4);
  const Needs needs = rule.needs(layer);
  Meta of_x = Meta::of(x);
  of_x.nonnegative = input != Input::signed_values;
  const Kept kept({needs.inputs.empty() ? Tensor() : x}, {needs.outputs.empty() ? Tensor() : y}, {of_x},
                  {Meta::of(y)});
  EXPECT_TRUE(rule.propagate(layer, kept, {relevance})[0].isfinite().all().item<bool>());
  return layer.passes;
}

/// `forward` and `transposed` passes over all examples, and `of_one` over one of them alone.
Passes passes(int64_t forward, int64_t transposed, int64_t changed, int64_t of_one = 0) {
  return {forward * examples + of_one, transposed * examples, changed};
}

TEST(Passes, EpsilonDividesByTheOutputThatIsThere) {
  EXPECT_EQ(count(Epsilon(), Input::signed_values), passes(0, 1, 0));
  EXPECT_EQ(count(Epsilon({1e-6, /*zero_bias=*/true}), Input::signed_values), passes(0, 1, 0));
}

TEST(Passes, ZPlusLeavesOutTheHalfThatIsEmpty) {
  EXPECT_EQ(count(ZPlus(), Input::signed_values), passes(2, 2, 2));
  EXPECT_EQ(count(ZPlus(), Input::nonnegative), passes(1, 1, 1));
}

TEST(Passes, AlphaBetaCutsTheWeightsOnce) {
  EXPECT_EQ(count(AlphaBeta(), Input::signed_values), passes(4, 4, 2));
  EXPECT_EQ(count(AlphaBeta(), Input::nonnegative), passes(2, 2, 2));
}

TEST(Passes, AlphaBetaWithoutBetaIsZPlus) {
  EXPECT_EQ(count(AlphaBeta({1, 0}), Input::signed_values), passes(2, 2, 2));
  EXPECT_EQ(count(AlphaBeta({1, 0}), Input::nonnegative), passes(1, 1, 1));
}

TEST(Passes, GammaMakesBothSignsFromOnePass) {
  EXPECT_EQ(count(Gamma(), Input::signed_values), passes(2, 3, 2));
  EXPECT_EQ(count(Gamma(), Input::nonnegative), passes(1, 2, 2));
  EXPECT_EQ(count(Gamma(), Input::nonnegative_before_relu), passes(1, 1, 1));
  EXPECT_EQ(count(GeneralizedGamma(), Input::signed_values), passes(2, 3, 2));
}

TEST(Passes, ZBoxSeesItsCornerOnceForAllExamples) {
  EXPECT_EQ(count(ZBox({{-3}, {3}}), Input::signed_values), passes(0, 2, 2, /*of_one=*/2));
}

TEST(Passes, InputRulesCountOneExampleForAll) {
  EXPECT_EQ(count(Flat(), Input::signed_values), passes(0, 1, 1, /*of_one=*/1));
  EXPECT_EQ(count(WSquare(), Input::signed_values), passes(0, 1, 1, /*of_one=*/1));
}

}  // namespace
}  // namespace lrpp::rules
