#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/weights.h>

#include <map>

namespace lrpp {

Tensor Weights::take_as(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) {
  const std::string where = fmt::format("checkpoint {}", directory_.path.string());
  if (!contains(name)) {
    fail(where, "the config asks for the tensor '{}' {}, which the checkpoint lacks; {}", name,
         shape_string(shape), list_known(name, directory_.checkpoint.names()));
  }
  const TensorInfo& info = directory_.checkpoint.info(name);
  require(info.shape == shape, where, "the config asks for tensor '{}' to have shape {}; got {}", name,
          shape_string(shape), shape_string(info.shape));
  require(at::isFloatingType(info.dtype), where, "tensor '{}' must hold floating-point numbers; got {}", name,
          at::toString(info.dtype));
  Tensor weight = directory_.checkpoint.get(name);
  require(weight.isfinite().all().item<bool>(), where,
          "tensor '{}' holds NaN or infinity; the checkpoint is damaged", name);
  weight = weight.to(options_.device, dtype);
  require(weight.isfinite().all().item<bool>(), where, "tensor '{}' overflows in {}; use a wider dtype", name,
          at::toString(dtype));
  taken_.insert(name);
  return options_.change ? options_.change(name, weight) : weight;
}

Tensor Weights::ones(int64_t size) const {
  return at::ones({size}, at::TensorOptions(options_.dtype).device(options_.device));
}

Tensor Weights::take(const std::string& name, std::vector<int64_t> shape) {
  return take_as(name, shape, options_.dtype);
}

Tensor Weights::take_at_least_float32(const std::string& name, std::vector<int64_t> shape) {
  return take_as(name, shape, at::promote_types(options_.dtype, at::kFloat));
}

void Weights::check_copies(const std::vector<std::string>& prefixes, std::string_view why) {
  const Checkpoint& checkpoint = directory_.checkpoint;
  std::map<std::string, std::string> first;
  for (const std::string& name : checkpoint.names()) {
    for (const std::string& prefix : prefixes) {
      if (!name.starts_with(prefix + ".")) continue;
      const auto [found, is_new] = first.insert({name.substr(prefix.size()), name});
      if (is_new) continue;
      require(at::equal(checkpoint.get(found->second), checkpoint.get(name)),
              fmt::format("checkpoint {}", directory_.path.string()), "{}, but '{}' differs from '{}'", why,
              name, found->second);
      taken_.insert({found->second, name});
    }
  }
}

void Weights::check(const std::string& name, const std::vector<int64_t>& expected) {
  if (!contains(name)) return;
  const std::string where = fmt::format("checkpoint {}", directory_.path.string());
  const Tensor stored = directory_.checkpoint.get(name);
  const std::vector<int64_t> shape{static_cast<int64_t>(expected.size())};
  require(stored.sizes() == shape, where, "the config asks for tensor '{}' to have shape {}; got {}", name,
          shape_string(shape), shape_string(stored.sizes()));
  require(stored.equal(at::tensor(expected, at::kLong)), where,
          "tensor '{}' must hold what the config says, {}; it does not. Use the config of this checkpoint",
          name, shape_string(expected));
  taken_.insert(name);
}

void Weights::finish() const {
  for (const std::string& name : directory_.checkpoint.names()) {
    require(taken_.contains(name), fmt::format("checkpoint {}", directory_.path.string()),
            "holds the tensor '{}', which this model's config gives no use; the config does not fit the "
            "checkpoint",
            name);
  }
}

}  // namespace lrpp
