#include <lrpp/rules/softmax_taylor.h>

namespace lrpp::rules {

Tensors SoftmaxTaylor::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return op.vjp(kept, outputs);
}

Absorbed SoftmaxTaylor::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  // The constant of output j is s_j - sum_i x_i ds_j/dx_i = s_j (1 - x_j + sum_i s_i x_i).
  const Tensor x = all.input(0).to(at::kDouble), s = all.output(0).to(at::kDouble);
  Absorbed absorbed;
  absorbed.bias = dot_per_example(s * (1 - x + (s * x).sum(-1, true)), passage.outputs.at(0));
  return absorbed;
}

}  // namespace lrpp::rules
