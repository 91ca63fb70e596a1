#include <lrpp/framework/kept.h>

namespace lrpp {

Needs operator+(Needs a, const Needs& b) {
  a.inputs.insert(a.inputs.end(), b.inputs.begin(), b.inputs.end());
  a.outputs.insert(a.outputs.end(), b.outputs.begin(), b.outputs.end());
  return a;
}

Kept::Kept(Tensors inputs, Tensors outputs, std::vector<Meta> input_meta, std::vector<Meta> output_meta)
    : inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      input_meta_(std::move(input_meta)),
      output_meta_(std::move(output_meta)) {}

Kept Kept::all(const Tensors& inputs, const Tensors& outputs) {
  std::vector<Meta> input_meta, output_meta;
  for (const Tensor& t : inputs) input_meta.push_back(Meta::of(t));
  for (const Tensor& t : outputs) output_meta.push_back(Meta::of(t));
  return {inputs, outputs, std::move(input_meta), std::move(output_meta)};
}

const Tensor& Kept::input(int i) const {
  const Tensor& t = inputs_.at(static_cast<size_t>(i));
  LRPP_ASSERT(t.defined(), "input {} was not kept: `needs` must declare it", i);
  return t;
}

const Tensor& Kept::output(int i) const {
  const Tensor& t = outputs_.at(static_cast<size_t>(i));
  LRPP_ASSERT(t.defined(), "output {} was not kept: `needs` must declare it", i);
  return t;
}

}  // namespace lrpp
