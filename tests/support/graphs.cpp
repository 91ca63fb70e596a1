#include <lrpp/framework/ops/linear.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp::testing {

Graph single_op_graph(const OpPtr& op, int attributed) {
  GraphBuilder builder;
  std::vector<Value> inputs;
  for (int i = 0; i < op->num_inputs(); ++i) inputs.push_back(builder.input("x" + std::to_string(i)));
  const Value y = builder.add("op", op, inputs);
  return std::move(builder).finish(inputs.at(static_cast<size_t>(attributed)), y);
}

Graph perceptron(const OpPtr& activation) {
  GraphBuilder builder;
  const Value x = builder.input("x");
  const Value h = builder.add("first", std::make_shared<ops::Linear>(random({5, 4}, 1), random({5}, 2)), {x});
  const Value a = builder.add("act", activation, {h});
  const Value y =
      builder.add("second", std::make_shared<ops::Linear>(random({3, 5}, 3), random({3}, 4)), {a});
  return std::move(builder).finish(x, y);
}

Composite make_any_composite(const Registry& registry, const std::string& name) {
  Json arguments = Json::object();
  if (name == "epsilon-gamma-box") arguments = {{"low", {-10.0}}, {"high", {10.0}}};
  return registry.make_composite(name, arguments);
}

Composite uniform_composite(const RulePtr& rule) {
  Composite composite;
  composite.name = "test";
  composite.entries.push_back({Match{}, rule});
  return composite;
}

}  // namespace lrpp::testing
