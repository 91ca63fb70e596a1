#pragma once

#include <lrpp/framework/composite.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/framework/model.h>

#include <concepts>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

class Registry;
class Method;
using MethodPtr = std::shared_ptr<const Method>;

struct OpInfo {
  std::string type;
  OpKind kind;
  std::string summary;
};

/// `Constructor` makes a rule from JSON parameters; `parameters` lists them with their defaults.
struct RuleInfo {
  std::string name, summary, source;  ///< source: paper and equation
  bool conserves = true;
  std::vector<ParameterInfo> parameters;
  std::function<RulePtr(const Json&)> make;
};

struct CompositeInfo {
  std::string name, summary;
  std::vector<ParameterInfo> parameters;
  std::function<Composite(const Registry&, const Json&)> make;
};

/// A way to explain that is no composite of rules; see methods/method.h.
struct MethodInfo {
  std::string name, summary, source;  ///< source: the paper
  std::vector<ParameterInfo> parameters;
  std::function<MethodPtr(const Registry&, const Json&)> make;
};

/// A directory with config.json and a checkpoint.
struct ModelDirectory {
  std::filesystem::path path;
  Json config;
  Checkpoint checkpoint;
};

struct LoadOptions {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  bool every_position = false;  ///< output [B,T,C] instead of [B,C] at one position; it cannot be explained
  /// Puts another tensor of the same shape and dtype in the place of a weight, by the checkpoint's name; may
  /// be empty. For what models with other weights say: all random, or without biases.
  std::function<Tensor(const std::string& name, const Tensor& weight)> change = {};
};

/// Turns checkpoints of one model type into a Model.
struct AdapterInfo {
  std::string model_type, summary;
  std::string default_composite;  ///< what explains this family when nothing else is asked for
  /// Whether a config.json without `model_type` is of this family. May be empty.
  std::function<bool(const Json& config)> recognizes;
  std::function<Model(const ModelDirectory&, const LoadOptions&)> load;
};

/// Everything that can be asked for by name. Passed explicitly; there is no global one. Names are lower-case
/// words joined by '-' (ops and model types also '_'); a name that is taken is refused.
class Registry {
 public:
  void add_op(OpInfo info);
  void add_rule(RuleInfo info);
  void add_composite(CompositeInfo info);
  void add_method(MethodInfo info);
  void add_adapter(AdapterInfo info);
  void add_canonizer(Canonizer canonizer);
  void add_fusion(Fusion fusion);

  /// Registers rule class `R`, derived from RuleWith<Parameters>.
  template <class R>
  void add_rule(std::string name, std::string summary, std::string source, bool conserves) {
    using P = typename R::ParameterStruct;
    const std::string where = "rule " + name;
    add_rule({std::move(name), std::move(summary), std::move(source), conserves, describe<P>(),
              [where](const Json& json) { return std::make_shared<R>(from_json_value<P>(json, where)); }});
  }

  /// Registers a composite that `make(registry, arguments)` builds, its arguments a plain struct.
  template <class P, std::invocable<const Registry&, const P&> Make>
  void add_composite(std::string name, std::string summary, Make make) {
    const std::string where = "composite " + name;
    add_composite({name, std::move(summary), describe<P>(),
                   [where, name, make](const Registry& registry, const Json& json) {
                     const P arguments = from_json_value<P>(json, where);
                     Composite composite = make(registry, arguments);
                     composite.name = name;
                     composite.arguments = to_json_value(arguments);
                     return composite;
                   }});
  }

  /// Registers a method that `make(registry, parameters)` builds, its parameters a plain struct.
  template <class P, std::invocable<const Registry&, const P&> Make>
  void add_method(std::string name, std::string summary, std::string source, Make make) {
    const std::string where = "method " + name;
    add_method({std::move(name), std::move(summary), std::move(source), describe<P>(),
                [where, make](const Registry& registry, const Json& json) -> MethodPtr {
                  return make(registry, from_json_value<P>(json, where));
                }});
  }

  /// Each throws UserError for an unknown name, listing the known ones, nearest first.
  RulePtr make_rule(std::string_view name, const Json& parameters = Json::object()) const;
  Composite make_composite(std::string_view name, const Json& arguments = Json::object()) const;
  /// A method by its name; a composite is one too.
  MethodPtr make_method(std::string_view name, const Json& parameters = Json::object()) const;
  const Canonizer& canonizer(std::string_view name) const;
  /// All fusions, by name.
  std::vector<Fusion> fusions() const;
  const OpInfo& op(std::string_view type) const;
  const AdapterInfo& adapter(std::string_view model_type) const;

  const std::map<std::string, OpInfo, std::less<>>& ops() const { return ops_; }
  const std::map<std::string, RuleInfo, std::less<>>& rules() const { return rules_; }
  const std::map<std::string, CompositeInfo, std::less<>>& composites() const { return composites_; }
  const std::map<std::string, MethodInfo, std::less<>>& methods() const { return methods_; }
  const std::map<std::string, AdapterInfo, std::less<>>& adapters() const { return adapters_; }
  const std::map<std::string, Canonizer, std::less<>>& canonizers() const { return canonizers_; }

 private:
  std::map<std::string, OpInfo, std::less<>> ops_;
  std::map<std::string, RuleInfo, std::less<>> rules_;
  std::map<std::string, CompositeInfo, std::less<>> composites_;
  std::map<std::string, MethodInfo, std::less<>> methods_;
  std::map<std::string, AdapterInfo, std::less<>> adapters_;
  std::map<std::string, Canonizer, std::less<>> canonizers_;
  std::map<std::string, Fusion, std::less<>> fusions_;
};

/// Reads config.json and the checkpoint and lets the adapter of its model type build the graph.
Model load_model(const Registry& registry, const std::filesystem::path& directory,
                 const LoadOptions& options = {});

/// Registers the ops of this folder.
void register_framework(Registry& registry);

}  // namespace lrpp
