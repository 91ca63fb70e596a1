#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/methods/composite_method.h>
#include <lrpp/framework/registry.h>

#include <algorithm>

namespace lrpp {
namespace {

template <class Info>
std::vector<std::string> names_of(const std::map<std::string, Info, std::less<>>& infos) {
  std::vector<std::string> names;
  for (const auto& [name, info] : infos) names.push_back(name);
  return names;
}

template <class Info>
void add_to(std::map<std::string, Info, std::less<>>& infos, std::string_view what, std::string name,
            Info info) {
  const bool valid = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  require(valid, "registry", "the name of a {} must be made of a-z, 0-9, '-' and '_'; got '{}'", what, name);
  require(!infos.contains(name), "registry", "a {} named '{}' is registered already; choose another name",
          what, name);
  infos.emplace(std::move(name), std::move(info));
}

template <class Info>
const Info& look_up(const std::map<std::string, Info, std::less<>>& infos, std::string_view what,
                    std::string_view name) {
  const auto found = infos.find(name);
  if (found == infos.end()) fail(what, "unknown {} '{}'; {}", what, name, list_known(name, names_of(infos)));
  return found->second;
}

}  // namespace

void Registry::add_op(OpInfo info) {
  std::string name = info.type;
  add_to(ops_, "op", std::move(name), std::move(info));
}

void Registry::add_rule(RuleInfo info) {
  std::string name = info.name;
  add_to(rules_, "rule", std::move(name), std::move(info));
}

void Registry::add_composite(CompositeInfo info) {
  std::string name = info.name;
  require(!methods_.contains(name), "registry",
          "a composite is a method too, and one named '{}' is registered already; choose another name", name);
  add_to(composites_, "composite", std::move(name), std::move(info));
}

void Registry::add_method(MethodInfo info) {
  std::string name = info.name;
  require(!composites_.contains(name), "registry",
          "a composite is a method too, and one named '{}' is registered already; choose another name", name);
  add_to(methods_, "method", std::move(name), std::move(info));
}

void Registry::add_adapter(AdapterInfo info) {
  std::string name = info.model_type;
  add_to(adapters_, "model type", std::move(name), std::move(info));
}

void Registry::add_canonizer(Canonizer canonizer) {
  std::string name = canonizer.name;
  add_to(canonizers_, "canonizer", std::move(name), std::move(canonizer));
}

void Registry::add_fusion(Fusion fusion) {
  std::string name = fusion.name;
  add_to(fusions_, "fusion", std::move(name), std::move(fusion));
}

std::vector<Fusion> Registry::fusions() const {
  std::vector<Fusion> result;
  for (const auto& [name, fusion] : fusions_) result.push_back(fusion);
  return result;
}

const Canonizer& Registry::canonizer(std::string_view name) const {
  return look_up(canonizers_, "canonizer", name);
}

RulePtr Registry::make_rule(std::string_view name, const Json& parameters) const {
  return look_up(rules_, "rule", name).make(parameters);
}

Composite Registry::make_composite(std::string_view name, const Json& arguments) const {
  Composite composite = look_up(composites_, "composite", name).make(*this, arguments);
  composite.fusions = fusions();
  return composite;
}

MethodPtr Registry::make_method(std::string_view name, const Json& parameters) const {
  if (const auto found = methods_.find(name); found != methods_.end())
    return found->second.make(*this, parameters);
  if (!composites_.contains(name)) {
    std::vector<std::string> known = names_of(methods_);
    for (std::string& composite : names_of(composites_)) known.push_back(std::move(composite));
    fail("method", "unknown method '{}'; {}", name, list_known(name, known));
  }
  return std::make_shared<CompositeMethod>(make_composite(name, parameters));
}

const OpInfo& Registry::op(std::string_view type) const { return look_up(ops_, "op", type); }

const AdapterInfo& Registry::adapter(std::string_view model_type) const {
  return look_up(adapters_, "model type", model_type);
}

void register_framework(Registry& registry) {
  registry.add_op({"input", OpKind::source, "a tensor that the caller feeds"});
  registry.add_op({"embedding", OpKind::source, "looks rows of a table up"});
  registry.add_op({"parameter", OpKind::source, "a learned tensor: class token, position embeddings"});
  registry.add_op({"position_ids", OpKind::source, "the positions of tokens, from their ids"});
  registry.add_op({"linear", OpKind::linear, "x W^T + b over the last dimension"});
  registry.add_op({"conv2d", OpKind::linear, "two-dimensional convolution with bias"});
  registry.add_op({"scale", OpKind::linear, "x * weight along one dimension"});
  registry.add_op({"add", OpKind::wiring, "the sum of two values"});
  registry.add_op({"split", OpKind::wiring, "cuts a dimension into parts, one output each"});
  registry.add_op({"select_token", OpKind::wiring, "takes one token of each example"});
  registry.add_op({"select_index", OpKind::wiring, "takes the same token of every example"});
  registry.add_op({"pick", OpKind::wiring, "takes one entry of a dimension, which stays"});
  registry.add_op({"concat", OpKind::wiring, "lays values one after the other along a dimension"});
  registry.add_op({"split_heads", OpKind::wiring, "cuts the channels of each token into heads"});
  registry.add_op({"merge_heads", OpKind::wiring, "lays the heads of each token side by side"});
  registry.add_op({"expert_choice", OpKind::wiring, "the best experts of each token, and their scores"});
  registry.add_op({"expert_dispatch", OpKind::wiring, "the tokens of each expert, one output each"});
  registry.add_op(
      {"expert_combine", OpKind::held_linear, "the weighted sum of what its experts made of a token"});
  registry.add_op({"rope", OpKind::wiring, "rotary position embedding of queries or keys"});
  registry.add_op({"cast", OpKind::wiring, "changes the dtype"});
  registry.add_op({"max_pool2d", OpKind::wiring, "the largest value of each window"});
  registry.add_op({"avg_pool2d", OpKind::wiring, "the mean of each window"});
  registry.add_op({"adaptive_avg_pool2d", OpKind::wiring, "means over the parts of a divided image"});
  registry.add_op({"dropout", OpKind::wiring, "passes everything, as dropout does after training"});
  registry.add_op({"flip", OpKind::wiring, "reverses the order along dimensions"});
  registry.add_op({"mul_scalar", OpKind::wiring, "x times a constant"});
  registry.add_op({"mean_tokens", OpKind::wiring, "the mean over tokens"});
  registry.add_op({"flatten", OpKind::wiring, "joins consecutive dimensions"});
  registry.add_op({"permute", OpKind::wiring, "reorders the dimensions"});
  registry.add_op({"relu", OpKind::activation, "max(x, 0)"});
  registry.add_op({"silu", OpKind::activation, "x sigmoid(x)"});
  registry.add_op({"gelu", OpKind::activation, "x Phi(x), by erf or tanh"});
  registry.add_op({"tanh", OpKind::activation, "tanh(x)"});
  registry.add_op({"soft_cap", OpKind::activation, "cap tanh(x / cap)"});
  registry.add_op({"quick_gelu", OpKind::activation, "x sigmoid(1.702 x)"});
  registry.add_op({"relu2", OpKind::activation, "max(x, 0)^2"});
  registry.add_op({"softplus", OpKind::activation, "log(1 + exp(x))"});
  registry.add_op({"sigmoid", OpKind::activation, "1 / (1 + exp(-x))"});
  registry.add_op({"clamp", OpKind::activation, "x within limits"});
  registry.add_op({"rms_norm", OpKind::norm, "x / rms(x) * weight"});
  registry.add_op({"layer_norm", OpKind::norm, "(x - mean) / std * weight + bias"});
  registry.add_op({"batch_norm", OpKind::norm, "batch norm with the statistics of training held"});
  registry.add_op({"sum_norm", OpKind::norm, "x / sum(x): weights of experts as shares"});
  registry.add_op({"mul", OpKind::product, "the product of two values"});
  registry.add_op({"gate", OpKind::product, "the product of a branch and its gate"});
  registry.add_op({"matmul", OpKind::product, "the matrix product of two values, head by head"});
  registry.add_op({"softmax", OpKind::softmax, "attention weights: shares of what each token sees"});
}

}  // namespace lrpp
