#pragma once

#include <lrpp/framework/op.h>

#include <memory>
#include <optional>
#include <string>

namespace lrpp {

/// A signal is one of two things. A multiplier m says R = v * m for the value v it belongs to: linear maps
/// transpose it and zero values need no division. Relevance says R itself, and can give a zero value its
/// share.
enum class SignalKind { multiplier, relevance };

/// What went through `Rule::propagate`, and which kind it was on either side.
struct Passage {
  SignalKind taken, given;
  const Tensors& outputs;  ///< the signals at the op's outputs
  const Tensors& inputs;   ///< the signals at its inputs
};

/// Where relevance went that entered a node and did not leave it: one [B] tensor (float64) for each reason,
/// undefined for none. Every rule computes these from their formulas, not as what is left over, so that a
/// mistake in `propagate` shows as an imbalance.
struct Absorbed {
  Tensor bias;        ///< by the op's bias
  Tensor stabilizer;  ///< by a stabiliser in a denominator
  Tensor held;        ///< by a factor or value held constant
  Tensor by_rule;     ///< because the rule does not conserve by definition (the plain gradient)
};

/// How relevance passes from a node's outputs to its inputs. Rules are immutable and may be shared.
class Rule {
 public:
  virtual ~Rule() = default;

  virtual std::string_view name() const = 0;
  virtual Json parameters() const { return Json::object(); }

  /// Why this rule cannot serve this op; empty where it can. Asked when a plan is made, before anything runs.
  virtual std::string rejects(const Op& op) const = 0;
  /// What `propagate` reads.
  virtual Needs needs(const Op& op) const = 0;
  /// The kind of signal that `propagate` takes at the outputs; nothing where it carries either kind, each on
  /// its own and as it is.
  virtual std::optional<SignalKind> takes(const Op& op) const { return SignalKind::multiplier; }
  /// The kind that it gives at the inputs, where `takes` names one.
  virtual SignalKind gives(const Op& op) const { return SignalKind::multiplier; }
  /// Whether input `i` may receive a signal. A value that no rule sends a signal to needs nothing kept.
  virtual bool reaches(const Op& op, int i) const { return true; }

  /// One signal per output (undefined: none arrived, though never all) -> one per input (undefined: none).
  virtual Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const = 0;

  /// The claims of the ledger. `all` holds every input and output. A rule that conserves exactly has nothing
  /// to claim.
  virtual Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const { return {}; }
};

using RulePtr = std::shared_ptr<const Rule>;

/// For rules without parameters.
struct NoParameters {};

/// Base of rules whose parameters are a plain struct.
template <class Parameters>
class RuleWith : public Rule {
 public:
  using ParameterStruct = Parameters;
  explicit RuleWith(Parameters parameters = {}) : parameters_(std::move(parameters)) {}
  Json parameters() const final { return to_json_value(parameters_); }

 protected:
  Parameters parameters_;
};

/// The relevance that signals of this kind stand for, summed over a node's inputs or outputs: [B] float64.
/// Undefined where every signal is.
Tensor total_relevance(SignalKind kind, const Tensors& values, const Tensors& signals);

/// "epsilon(epsilon=1e-06)".
std::string describe(const Rule& rule);

}  // namespace lrpp
