#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>

namespace lrpp::transformer {
namespace {

/// `name` with the ending `from` replaced by `to`; itself where it does not end so.
std::string with_ending(const std::string& name, std::string_view from, std::string_view to) {
  if (!name.ends_with(from)) return name;
  return name.substr(0, name.size() - from.size()) + std::string(to);
}

}  // namespace

std::string Builder::stored(const std::string& name) const {
  for (const std::string& spelling : {name, with_ending(name, "LayerNorm.weight", "LayerNorm.gamma"),
                                      with_ending(name, "LayerNorm.bias", "LayerNorm.beta"),
                                      with_ending(name, "in_proj.weight", "in_proj_weight"),
                                      with_ending(name, "in_proj.bias", "in_proj_bias")}) {
    if (weights_.contains(spelling)) return spelling;
    if (!spelling.starts_with(base_ + ".")) continue;
    const std::string bare = spelling.substr(base_.size() + 1);
    if (weights_.contains(bare)) return bare;
  }
  return name;
}

LinearWeights Builder::take_linear(const std::string& name, const LinearConfig& config) {
  const bool transposed = config.layout == Layout::in_out;
  const Tensor weight = transposed ? take(name + ".weight", {config.in, config.out}).t()
                                   : take(name + ".weight", {config.out, config.in});
  return {weight, config.bias ? take(name + ".bias", {config.out}) : Tensor()};
}

Value Builder::linear(const std::string& name, const LinearConfig& config, Value x) {
  const LinearWeights weights = take_linear(name, config);
  return add(name, std::make_shared<ops::Linear>(weights.weight, weights.bias), {x});
}

Value Builder::norm(const std::string& name, const NormConfig& config, int64_t size, Value x) {
  const ops::NormAttributes attributes{config.eps, config.offset};
  const Tensor weight = take(name + ".weight", {size});
  if (config.rms) return add(name, std::make_shared<ops::RmsNorm>(weight, attributes), {x});
  const Tensor bias = take(name + ".bias", {size});
  return add(name, std::make_shared<ops::LayerNorm>(weight, bias, attributes), {x});
}

Value Builder::embedding(const std::string& name, const Tensor& table, Value ids, double scale) {
  return add(name, std::make_shared<ops::Embedding>(table, ops::EmbeddingAttributes{scale}), {ids});
}

}  // namespace lrpp::transformer
