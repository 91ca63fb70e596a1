#include <c10/core/GradMode.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp::testing {
namespace {

/// The values of the op with all but `needs` removed.
Kept keep_only(const Needs& needs, const Tensors& inputs, const Tensors& outputs) {
  const Kept all = Kept::all(inputs, outputs);
  Tensors kept_inputs(inputs.size()), kept_outputs(outputs.size());
  for (int i : needs.inputs) kept_inputs.at(static_cast<size_t>(i)) = inputs.at(static_cast<size_t>(i));
  for (int o : needs.outputs) kept_outputs.at(static_cast<size_t>(o)) = outputs.at(static_cast<size_t>(o));
  std::vector<Meta> input_metas, output_metas;
  for (int i = 0; i < all.num_inputs(); ++i) input_metas.push_back(all.input_meta(i));
  for (int o = 0; o < all.num_outputs(); ++o) output_metas.push_back(all.output_meta(o));
  return {kept_inputs, kept_outputs, input_metas, output_metas};
}

/// Gradients of the oracle's outputs at every floating-point input; undefined where there is none.
Tensors autograd(const Oracle& oracle, const Tensors& inputs, const Tensors& grads) {
  const c10::AutoGradMode with_grad(true);
  Tensors leaves, wanted;
  for (const Tensor& x : inputs) {
    leaves.push_back(x.is_floating_point() ? x.detach().requires_grad_(true) : x);
    if (x.is_floating_point()) wanted.push_back(leaves.back());
  }
  const Tensors outputs = oracle(leaves);
  Tensors used, used_grads;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (grads[i].defined()) {
      used.push_back(outputs[i]);
      used_grads.push_back(grads[i]);
    }
  }
  const Tensors found = torch::autograd::grad(used, wanted, used_grads, false, false, /*allow_unused=*/true);
  Tensors result(inputs.size());
  for (size_t i = 0, k = 0; i < inputs.size(); ++i) {
    if (inputs[i].is_floating_point()) result[i] = found[k++];
  }
  return result;
}

void expect_same(const Tensor& got, const Tensor& expected, double tolerance) {
  if (!expected.defined() || expected.abs().max().item<double>() == 0) {
    if (got.defined()) {
      EXPECT_EQ(got.abs().max().item<double>(), 0);
    }
    return;
  }
  ASSERT_TRUE(got.defined());
  EXPECT_LT(relative_difference(got, expected), tolerance);
}

}  // namespace

void check_against_autograd(const Op& op, const Oracle& oracle, const Tensors& inputs, double tolerance) {
  const Tensors outputs = op.forward(inputs);
  const Tensors expected = oracle(inputs);
  ASSERT_EQ(outputs.size(), static_cast<size_t>(op.num_outputs()));
  Tensors grads(outputs.size());
  size_t real = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].is_floating_point()) continue;  // indices: nothing flows back through them
    EXPECT_LT(relative_difference(outputs[i], expected.at(i)), tolerance);
    grads[i] = random(outputs[i].sizes(), 1000 + i);
    ++real;
  }
  const Kept kept = keep_only(op.vjp_needs(), inputs, outputs);
  for (size_t missing = 0; missing <= (real > 1 ? outputs.size() : 0); ++missing) {
    Tensors some = grads;
    if (missing > 0) some[missing - 1].reset();
    const Tensors got = op.vjp(kept, some), wanted = autograd(oracle, inputs, some);
    ASSERT_EQ(got.size(), inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      SCOPED_TRACE("input " + std::to_string(i) + ", missing output gradient " + std::to_string(missing));
      expect_same(got[i], wanted[i], tolerance);
    }
  }
}

void check_linear_view(const Op& op, const Oracle& held_oracle, const Tensors& inputs, int data_input,
                       double tolerance) {
  const Tensors outputs = op.forward(inputs);
  const Kept kept = keep_only(op.linear_map_needs(data_input), inputs, outputs);
  const auto view = op.linear_map(kept, data_input);
  ASSERT_NE(view, nullptr);
  const Tensor& x = inputs.at(static_cast<size_t>(data_input));
  const Tensor m = random(outputs[0].sizes(), 2000);
  const Tensor wanted = autograd(held_oracle, inputs, {m}).at(static_cast<size_t>(data_input));
  expect_same(view->transpose(m), wanted, tolerance);
  Tensor y = view->apply(x);
  if (view->bias().defined()) y = y + view->bias();
  EXPECT_LT(relative_difference(y, outputs[0]), tolerance);
  EXPECT_NEAR((view->apply(x) * m).sum().item<double>(), (x * view->transpose(m)).sum().item<double>(),
              tolerance * x.numel())
      << "<W x, m> = <x, W^T m>";
}

}  // namespace lrpp::testing
