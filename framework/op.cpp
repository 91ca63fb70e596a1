#include <c10/core/GradMode.h>
#include <lrpp/framework/op.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

namespace lrpp {

std::string_view to_string(OpKind kind) {
  switch (kind) {
    case OpKind::source:
      return "source";
    case OpKind::linear:
      return "linear";
    case OpKind::wiring:
      return "wiring";
    case OpKind::held_linear:
      return "held-linear";
    case OpKind::activation:
      return "activation";
    case OpKind::norm:
      return "norm";
    case OpKind::product:
      return "product";
    case OpKind::softmax:
      return "softmax";
  }
  LRPP_ASSERT(false, "unknown op kind");
}

bool Op::nonnegative(const std::vector<bool>& inputs) const {
  return routes() && std::all_of(inputs.begin(), inputs.end(), [](bool i) { return i; });
}

Tensors Op::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  c10::AutoGradMode with_grad(true);
  Tensors inputs, wanted;
  std::vector<size_t> wanted_index;
  for (int i = 0; i < num_inputs(); ++i) {
    Tensor x = kept.input(i).detach();
    if (at::isFloatingType(x.scalar_type())) {
      x.requires_grad_(true);
      wanted.push_back(x);
      wanted_index.push_back(static_cast<size_t>(i));
    }
    inputs.push_back(x);
  }
  const Tensors outputs = forward(inputs);
  Tensors used_outputs, used_grads;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!grad_outputs[i].defined() || !outputs[i].requires_grad()) continue;
    used_outputs.push_back(outputs[i]);
    used_grads.push_back(grad_outputs[i].to(outputs[i].scalar_type()));
  }
  Tensors result(inputs.size());
  if (used_outputs.empty()) return result;
  const Tensors grads = torch::autograd::grad(used_outputs, wanted, used_grads, /*retain_graph=*/false,
                                              /*create_graph=*/false, /*allow_unused=*/true);
  for (size_t i = 0; i < wanted.size(); ++i) result[wanted_index[i]] = grads[i];
  return result;
}

Needs Op::vjp_needs() const {
  Needs needs;
  for (int i = 0; i < num_inputs(); ++i) needs.inputs.push_back(i);
  return needs;
}

std::unique_ptr<LinearMap> Op::linear_map(const Kept& kept, int data_input) const { return nullptr; }

std::unique_ptr<LinearMap> LinearMap::with_weights(const std::function<Tensor(const Tensor&)>& change) const {
  fail("linear map", "this op has no explicit weight matrix; choose a rule that needs no modified weights");
}

std::unique_ptr<LinearMap> LinearMap::with_ones() const {
  return with_weights([](const Tensor& w) { return at::ones_like(w); });
}

}  // namespace lrpp
