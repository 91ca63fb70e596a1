// The code of docs/how-to/add-an-op.md: the page shows the marked regions, this file compiles and asserts
// them.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/explain.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace my_ops {

using namespace lrpp;

// [docs:activation]
struct LeakyReluAttributes {
  double negative_slope = 0.01;
};

/// x where x > 0, else negative_slope * x.
class LeakyRelu final : public Activation {
 public:
  explicit LeakyRelu(LeakyReluAttributes attributes = {}) : attributes_(attributes) {}
  std::string_view type() const override { return "leaky_relu"; }
  Tensors forward(const Tensors& inputs) const override {
    return {at::leaky_relu(inputs.at(0), attributes_.negative_slope)};
  }
  /// f(x)/x: 1 or the slope. At 0 it has two one-sided limits; x = 0 carries no relevance under either.
  Tensor factor(const Tensor& x) const override {
    return at::where(x > 0, at::ones_like(x), at::full_like(x, attributes_.negative_slope));
  }
  bool has_factor() const override { return true; }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  LeakyReluAttributes attributes_;
};
// [/docs:activation]

// [docs:linear]
/// y = weight * x over the last dimension, element by element: [..., D] -> [..., D].
class Diagonal final : public Op {
 public:
  /// weight: [D].
  explicit Diagonal(Tensor weight) : weight_(std::move(weight)) {
    require(weight_.dim() == 1, "diagonal", "weight must have shape [D]; got {}",
            shape_string(weight_.sizes()));
  }
  std::string_view type() const override { return "diagonal"; }
  OpKind kind() const override { return OpKind::linear; }
  bool elementwise() const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0) * weight_}; }
  Tensors vjp(const Kept&, const Tensors& grad_outputs) const override {
    return {grad_outputs.at(0) * weight_};
  }
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept&, int) const override {
    return std::make_unique<View>(weight_);
  }
  NamedTensors weights() const override { return {{"weight", weight_}}; }

 private:
  class View final : public LinearMap {
   public:
    explicit View(Tensor weight) : weight_(std::move(weight)) {}
    Tensor apply(const Tensor& x) const override { return x * weight_; }
    Tensor transpose(const Tensor& m) const override { return m * weight_; }
    std::unique_ptr<LinearMap> with_weights(
        const std::function<Tensor(const Tensor&)>& change) const override {
      return std::make_unique<View>(change(weight_));
    }

   private:
    Tensor weight_;
  };

  Tensor weight_;
};
// [/docs:linear]

// [docs:register]
void register_my_ops(Registry& registry) {
  registry.add_op({"leaky_relu", OpKind::activation, "x, or a fraction of it below 0"});
  registry.add_op({"diagonal", OpKind::linear, "weight * x, element by element"});
}
// [/docs:register]

}  // namespace my_ops

namespace lrpp {
namespace {

using testing::random;
using testing::relative_difference;

/// One float64 product and its derivative.
constexpr double tolerance = 1e-13;

// [docs:gradcheck]
TEST(LeakyRelu, AgainstAutograd) {
  const my_ops::LeakyRelu op({0.2});
  const testing::Oracle oracle = [](const Tensors& in) -> Tensors {
    return {at::where(in[0] > 0, in[0], 0.2 * in[0])};
  };
  testing::check_against_autograd(op, oracle, {random({2, 5, 6}, 1)}, tolerance);
}

TEST(LeakyRelu, TheFactorTimesXIsTheOutput) {
  const my_ops::LeakyRelu op({0.2});
  const Tensor x = at::tensor({-30.0, -1e-300, -0.0, 0.0, 1e-300, 30.0}, at::kDouble);
  EXPECT_TRUE((op.factor(x) * x).equal(op.forward({x})[0]));
}

TEST(Diagonal, AgainstAutogradAndAsALinearMap) {
  const Tensor weight = random({6}, 2);
  const my_ops::Diagonal op(weight);
  const testing::Oracle oracle = [&](const Tensors& in) -> Tensors { return {in[0] * weight}; };
  testing::check_against_autograd(op, oracle, {random({2, 5, 6}, 3)}, tolerance);
  testing::check_linear_view(op, oracle, {random({2, 5, 6}, 3)}, /*data_input=*/0, tolerance);
}
// [/docs:gradcheck]

// [docs:use]
TEST(LeakyRelu, RulesServeItByItsKindAndByItsName) {
  Registry registry = builtin_registry();
  my_ops::register_my_ops(registry);
  const Graph graph = testing::perceptron(std::make_shared<my_ops::LeakyRelu>());
  const std::map<std::string, Tensor> inputs{{"x", random({2, 4}, 7)}};
  const Plan by_kind = make_plan(graph, registry.make_composite("lrp-0"), /*audit=*/true);
  const Attribution lrp = explain(by_kind, inputs, /*labels=*/{});
  EXPECT_TRUE(lrp.ledger->unbalanced(1e-10).empty());

  const Json rules = parse_json(R"({"extends": "lrp-0",
    "rules": [{"match": {"op": "leaky_relu"}, "rule": "gradient"}]})",
                                "rules");
  const Plan by_name = make_plan(graph, composite_from_json(registry, rules, "rules"));
  const Attribution gradient = explain(by_name, inputs, /*labels=*/{});
  // Piecewise linear through 0: its slope is its factor, so that both rules agree.
  EXPECT_LT(relative_difference(gradient.relevance, lrp.relevance), tolerance);
}

TEST(Diagonal, TheEpsilonRuleServesItBecauseItHasALinearMap) {
  const Registry registry = builtin_registry();
  const Tensor weight = random({4}, 2), x = random({2, 4}, 3);
  const Graph graph = testing::single_op_graph(std::make_shared<my_ops::Diagonal>(weight));
  const Plan plan = make_plan(graph, registry.make_composite("lrp-0"));
  const Attribution result = explain(plan, {{"x0", x}}, /*labels=*/{});
  const Tensor explained = at::one_hot(result.target.target, 4).to(at::kDouble);
  EXPECT_LT(relative_difference(result.relevance, explained * weight * x), tolerance);
}
// [/docs:use]

}  // namespace
}  // namespace lrpp
