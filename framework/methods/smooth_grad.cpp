#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/methods/smooth_grad.h>

#include <algorithm>

namespace lrpp {

SmoothGrad::SmoothGrad(SmoothGradParameters parameters, Composite gradient)
    : MethodWith(parameters), gradients_(std::move(gradient)) {
  require(parameters.samples >= 1, "method smooth-grad", "'samples' must be at least 1; got {}",
          parameters.samples);
  require(parameters.noise >= 0 && parameters.noise < 1e6, "method smooth-grad",
          "'noise' is a share of the input's range and must be at least 0; got {}", parameters.noise);
  versions_together(parameters.batch, 1);
}

Attribution SmoothGrad::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                                const ExplainOptions& options) const {
  Probe probe = gradients_.probe(model, inputs, options);
  const Tensor x = probe.values;
  const int64_t examples = probe.examples(), samples = parameters_.samples;
  const Tensor flat = x.flatten(1);
  const Tensor range = flat.amax(1) - flat.amin(1);
  std::vector<at::Generator> generators;
  for (uint64_t seed : example_seeds(parameters_.seed, inputs))
    generators.push_back(at::make_generator<at::CPUGeneratorImpl>(seed));

  const int64_t together = std::min(samples, versions_together(parameters_.batch, examples));
  Tensor sum;
  for (int64_t done = 0; done < samples; done += together) {
    const int64_t now = std::min(together, samples - done);
    Tensors noisy;
    for (int64_t b = 0; b < examples; ++b) {
      const Tensor deviation = range[b] * parameters_.noise;
      for (int64_t s = 0; s < now; ++s) {
        const Tensor noise = at::randn(x.sizes().slice(1), generators[static_cast<size_t>(b)], at::kDouble);
        noisy.push_back(x[b] + deviation * noise.to(x.options()));
      }
    }
    sum = add_defined(sum, gradients_.at(model, probe, at::stack(noisy), options).sum(1));
    if (options.progress) options.progress(done + now, samples);
  }
  const Tensor mean = sum.flatten(0, 1) / static_cast<double>(samples);
  return std::move(probe).finish(parameters_.times_input ? mean * probe.of_rows(x) : mean, options.start);
}

}  // namespace lrpp
