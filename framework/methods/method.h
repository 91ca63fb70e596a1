#pragma once

#include <lrpp/framework/explain.h>
#include <lrpp/framework/registry.h>

#include <map>
#include <memory>
#include <string>

namespace lrpp {

/// A way to explain a model: a composite of rules (see CompositeMethod), or a baseline to hold it against.
/// Methods are immutable, may be shared between threads, and are asked for by name (Registry::make_method).
class Method {
 public:
  virtual ~Method() = default;

  virtual std::string name() const = 0;
  virtual Json parameters() const { return Json::object(); }
  /// Whether relevance is what it hands out, or the multiplier: the plain gradient.
  virtual Readout readout() const { return Readout::relevance; }

  /// Why it cannot explain this model; empty where it can. Asked before anything runs.
  virtual std::string rejects(const Model& model) const = 0;

  /// The graph's inputs (see prepare_text, prepare_image) -> an explanation for each example, position and
  /// target. Where the method knows tokens or patches alone, `relevance` spreads that of a token evenly over
  /// its channels, and that of a patch over its pixels. Throws UserError as rejects() and lrpp::explain do.
  virtual Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                              const ExplainOptions& options) const = 0;

  /// Versions, model, method and settings: what someone needs to make the same explanation again.
  virtual Json record(const Model& model, const ExplainOptions& options) const;
};

/// Throws UserError with the method's reason where it rejects the model.
void require_serves(const Method& method, const Model& model);

/// "smooth-grad(samples=50,noise=0.1)", or the name alone: what `parse_method` reads.
std::string describe(const Method& method);

/// A method as users write it: its name, and in brackets the parameters that differ from their defaults, as
/// JSON or, where that is none, as plain text. Throws UserError for unknown names and malformed parameters.
MethodPtr parse_method(const Registry& registry, const std::string& text);

/// Base of methods whose parameters are a plain struct.
template <class Parameters>
class MethodWith : public Method {
 public:
  explicit MethodWith(Parameters parameters) : parameters_(std::move(parameters)) {}
  Json parameters() const final { return to_json_value(parameters_); }

 protected:
  Parameters parameters_;
};

}  // namespace lrpp
