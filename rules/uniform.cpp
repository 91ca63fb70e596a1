#include <ATen/ExpandUtils.h>
#include <lrpp/rules/uniform.h>

namespace lrpp::rules {

std::string Uniform::rejects(const Op& op) const {
  return op.elementwise() && op.num_inputs() > 1 ? "" : "uniform needs a sum or a product of several values";
}

Tensors Uniform::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Tensor share = outputs.at(0) / op.num_inputs();
  Tensors inputs;
  for (int i = 0; i < op.num_inputs(); ++i) inputs.push_back(at::sum_to(share, kept.input_meta(i).sizes));
  return inputs;
}

}  // namespace lrpp::rules
