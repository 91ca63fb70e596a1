#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/robustness.h>

namespace lrpp::evaluation {
namespace {

/// draw(sizes, generator) for each example -> [S, B,...], on the CPU, so that all devices get the same.
template <class Draw>
Tensor noise_of_examples(const Tensor& values, int64_t samples, const std::vector<uint64_t>& seeds,
                         const Draw& draw) {
  require(samples >= 1, "evaluation", "noise needs at least 1 sample; got {}", samples);
  TORCH_INTERNAL_ASSERT(static_cast<int64_t>(seeds.size()) == values.size(0));
  std::vector<int64_t> sizes = values.sizes().vec();
  sizes[0] = samples;
  Tensors noise;
  for (const uint64_t seed : seeds) noise.push_back(draw(sizes, at::detail::createCPUGenerator(seed)));
  return at::stack(noise, 1);
}

Tensor added(const Tensor& values, const Tensor& noise) {
  return values.unsqueeze(0) + noise.to(values.device(), values.scalar_type());
}

}  // namespace

Tensor max_sensitivity(const Tensor& relevance, const Tensor& changed) {
  require(relevance.dim() == 2 && changed.dim() == 3 && changed.size(0) >= 1 &&
              changed[0].sizes() == relevance.sizes(),
          "evaluation",
          "max-sensitivity takes relevance [B, F] and that of changed inputs [S, B, F]; got {} and {}",
          shape_string(relevance.sizes()), shape_string(changed.sizes()));
  require(relevance.isfinite().all().item<bool>() && changed.isfinite().all().item<bool>(), "evaluation",
          "relevance must be finite; got infinite values or NaN");
  const Tensor before = relevance.to(at::kCPU, at::kDouble), length = before.norm(2, 1);
  require(length.gt(0).all().item<bool>(), "evaluation",
          "max-sensitivity is relative to the relevance, which is 0 everywhere in an example; leave it out");
  return ((changed.to(at::kCPU, at::kDouble) - before.unsqueeze(0)).norm(2, 2) / length).amax(0);
}

Tensor with_uniform_noise(const Tensor& values, double radius, int64_t samples,
                          const std::vector<uint64_t>& seeds) {
  require(radius > 0, "evaluation", "the radius of noise must be above 0; got {}", radius);
  return added(values,
               noise_of_examples(values, samples, seeds, [&](const auto& sizes, at::Generator generator) {
                 return (at::rand(sizes, std::move(generator), at::kDouble) * 2 - 1) * radius;
               }));
}

Tensor with_normal_noise(const Tensor& values, const Tensor& deviation, int64_t samples,
                         const std::vector<uint64_t>& seeds) {
  std::vector<int64_t> per_example(static_cast<size_t>(values.dim()), 1);
  per_example[0] = values.size(0);
  const Tensor noise =
      noise_of_examples(values, samples, seeds, [&](const auto& sizes, at::Generator generator) {
        return at::randn(sizes, std::move(generator), at::kDouble);
      });
  return added(values, noise * deviation.to(at::kCPU, at::kDouble).view(per_example));
}

}  // namespace lrpp::evaluation
