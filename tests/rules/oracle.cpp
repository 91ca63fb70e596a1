#include <lrpp/tests/rules/oracle.h>

namespace lrpp::testing {

SignalKind taken_kind(const Rule& rule, const Op& op) {
  return rule.takes(op).value_or(SignalKind::multiplier);
}

SignalKind given_kind(const Rule& rule, const Op& op) {
  return rule.takes(op) ? rule.gives(op) : SignalKind::multiplier;
}

Tensors relevance_at_inputs(const Rule& rule, const Op& op, const Tensors& inputs, const Tensor& out) {
  EXPECT_EQ(rule.rejects(op), "");
  const Tensors outputs = op.forward(inputs);
  const Kept kept = Kept::all(inputs, outputs);
  const Tensor signal = taken_kind(rule, op) == SignalKind::multiplier ? out / outputs[0] : out;
  Tensors signals = rule.propagate(op, kept, {signal});
  for (size_t i = 0; i < signals.size(); ++i) {
    if (signals[i].defined() && given_kind(rule, op) == SignalKind::multiplier)
      signals[i] = signals[i] * inputs[i];
  }
  return signals;
}

void expect_claims_balance(const Rule& rule, const Op& op, const Tensors& inputs) {
  const Tensors outputs = op.forward(inputs);
  const Kept kept = Kept::all(inputs, outputs);
  const Tensors signals_out{random(outputs[0].sizes(), 77)};
  const Tensors signals_in = rule.propagate(op, kept, signals_out);
  const Absorbed a =
      rule.absorbed(op, kept, {taken_kind(rule, op), given_kind(rule, op), signals_out, signals_in});
  Tensor rest = total_relevance(taken_kind(rule, op), outputs, signals_out);
  const Tensor in = total_relevance(given_kind(rule, op), inputs, signals_in);
  if (in.defined()) rest = rest - in;
  for (const Tensor& t : {a.bias, a.stabilizer, a.held, a.by_rule}) {
    if (t.defined()) rest = rest - t;
  }
  EXPECT_LT(rest.abs().max().item<double>(), rule_tolerance);
}

double LinearCase::sum(int64_t n, int64_t j, const std::function<double(double, double)>& term) const {
  double total = 0;
  for (int64_t i = 0; i < x.size(1); ++i) total += term(X(n, i), W(j, i));
  return total;
}

Tensor LinearCase::shared(const std::function<double(int64_t, int64_t, int64_t)>& share) const {
  Tensor relevance = at::zeros_like(x);
  for (int64_t n = 0; n < x.size(0); ++n) {
    for (int64_t i = 0; i < x.size(1); ++i) {
      double total = 0;
      for (int64_t j = 0; j < w.size(0); ++j) total += share(n, i, j) * out[n][j].item<double>();
      relevance[n][i] = total;
    }
  }
  return relevance;
}

}  // namespace lrpp::testing
