#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/bench/random_inputs.h>
#include <lrpp/framework/error.h>

namespace lrpp {

TextInputs random_text(const Model& model, int64_t batch, int64_t tokens, uint64_t seed) {
  require(model.vocabulary_size > 0, "tokens", "model type '{}' reads no text; leave it out",
          model.model_type);
  require(batch >= 1, "batch", "must be at least 1; got {}", batch);
  require(tokens >= 1, "tokens", "must be at least 1; got {}", tokens);
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return {at::randint(model.vocabulary_size, {batch, tokens}, generator, at::kLong), {}, {}};
}

ImageInputs random_images(const Model& model, int64_t batch, uint64_t seed) {
  require(model.image.has_value(), "images", "model type '{}' sees none", model.model_type);
  require(batch >= 1, "batch", "must be at least 1; got {}", batch);
  const ImageShape& shape = *model.image;
  const auto size = [](int64_t fixed) { return fixed == 0 ? int64_t{224} : fixed; };
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return {at::randn({batch, shape.channels, size(shape.height), size(shape.width)}, generator, at::kFloat),
          {}};
}

}  // namespace lrpp
