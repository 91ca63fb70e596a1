#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>

#include <array>

namespace lrpp::transformer {
namespace {

/// How names end in present checkpoints, and how in others: the first conversions of BERT, the parameters of
/// torch.nn.MultiheadAttention, and the ViT weights that torchvision published.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> other_endings{{
    {"LayerNorm.weight", "LayerNorm.gamma"},
    {"LayerNorm.bias", "LayerNorm.beta"},
    {"self_attention.in_proj.weight", "self_attention.in_proj_weight"},
    {"self_attention.in_proj.bias", "self_attention.in_proj_bias"},
    {"mlp.0.weight", "mlp.linear_1.weight"},
    {"mlp.0.bias", "mlp.linear_1.bias"},
    {"mlp.3.weight", "mlp.linear_2.weight"},
    {"mlp.3.bias", "mlp.linear_2.bias"},
}};

/// A tensor's name as checkpoints may spell it, today's way first.
std::vector<std::string> spellings_of(const std::string& name) {
  std::vector<std::string> spellings{name};
  for (const auto& [present, other] : other_endings) {
    if (!name.ends_with(present)) continue;
    spellings.push_back(name.substr(0, name.size() - present.size()) + std::string(other));
    // torch.nn.MultiheadAttention holds these itself: a message must not ask for a module that never was.
    if (other.starts_with("self_attention.in_proj_")) spellings.erase(spellings.begin());
  }
  return spellings;
}

}  // namespace

std::optional<std::string> Builder::find_stored(const std::string& name) const {
  for (const std::string& spelling : spellings_of(name)) {
    if (weights_.contains(spelling)) return spelling;
    if (!spelling.starts_with(base_ + ".")) continue;
    const std::string bare = spelling.substr(base_.size() + 1);
    if (weights_.contains(bare)) return bare;
  }
  return std::nullopt;
}

std::string Builder::stored(const std::string& name) const {
  if (const auto found = find_stored(name)) return *found;
  for (const std::string& shared : shared_names(name)) {
    if (const auto found = find_stored(shared)) return *found;
  }
  return spellings_of(name).front();
}

void Builder::tie(std::vector<std::string> prefixes, std::string_view why) {
  weights_.check_copies(prefixes, why);
  tied_.push_back(std::move(prefixes));
}

std::vector<std::string> Builder::shared_names(const std::string& name) const {
  for (const std::vector<std::string>& prefixes : tied_) {
    for (const std::string& prefix : prefixes) {
      if (!name.starts_with(prefix + ".")) continue;
      std::vector<std::string> names;
      for (const std::string& other : prefixes) names.push_back(other + name.substr(prefix.size()));
      return names;
    }
  }
  return {};
}

Tensor Builder::take(const std::string& name, std::vector<int64_t> shape) {
  return take_once(name, std::move(shape), &Weights::take);
}

Tensor Builder::take_at_least_float32(const std::string& name, std::vector<int64_t> shape) {
  return take_once(name, std::move(shape), &Weights::take_at_least_float32);
}

Tensor Builder::take_once(const std::string& name, std::vector<int64_t> shape, Take take) {
  const std::string found = stored(name);
  if (shared_names(name).empty()) return (weights_.*take)(found, std::move(shape));
  Tensor& shared = shared_[found];
  // Another shape than before is an error, which Weights names.
  if (!shared.defined() || shared.sizes() != shape) shared = (weights_.*take)(found, std::move(shape));
  return shared;
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
  const ops::NormAttributes attributes{config.eps, config.offset, config.groups};
  const Tensor weight = take(name + ".weight", {size});
  if (config.rms) return add(name, std::make_shared<ops::RmsNorm>(weight, attributes), {x});
  const Tensor bias = take(name + ".bias", {size});
  return add(name, std::make_shared<ops::LayerNorm>(weight, bias, attributes), {x});
}

Value Builder::embedding(const std::string& name, const Tensor& table, Value ids, double scale) {
  return add(name, std::make_shared<ops::Embedding>(table, ops::EmbeddingAttributes{scale}), {ids});
}

}  // namespace lrpp::transformer
