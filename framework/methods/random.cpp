#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/random.h>

#include <random>

namespace lrpp {
namespace {

/// Numbers that are the same with every standard library and on every device.
Tensor uniform(std::mt19937_64& generator, at::IntArrayRef sizes) {
  Tensor numbers = at::empty(sizes, at::kDouble);
  double* data = numbers.mutable_data_ptr<double>();
  for (int64_t i = 0; i < numbers.numel(); ++i)
    data[i] = static_cast<double>(generator() >> 11) * 0x1p-52 - 1;
  return numbers;
}

}  // namespace

void require_no_start(const Method& method, Start start) {
  require(start == Start::logit, "start",
          "'{}' does not start from the output, so that no relevance can be put on it; leave --start out",
          method.name());
}

Attribution RandomMethod::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                                  const ExplainOptions& options) const {
  require_no_start(*this, options.start);
  const auto plan = plans_.of(model.graph, [&](const Graph& graph) {
    return make_forward_plan(fed_with_values(graph), model.composite);
  });
  Probe probe(model, *plan, inputs, options);
  const Tensor& values = probe.values;
  const bool reads = values.dim() == 3;
  Tensors relevance;
  for (uint64_t seed : example_seeds(parameters_.seed, inputs)) {
    std::mt19937_64 generator(seed);
    for (int64_t row = 0; row < probe.rows_per_example(); ++row)
      relevance.push_back(uniform(generator, reads ? values.sizes().slice(1, 1) : values.sizes().slice(1)));
  }
  Tensor all = at::stack(relevance).to(values.options());
  if (reads && inputs.contains("attention_mask"))
    all = all * probe.of_rows(inputs.at("attention_mask")).to(all.options());
  if (reads) return std::move(probe).finish_tokens(model.graph, all, options.start);
  return std::move(probe).finish(std::move(all), options.start);
}

}  // namespace lrpp
