#pragma once

#include <lrpp/framework/graph.h>
#include <lrpp/framework/rule.h>

namespace lrpp {

/// One node of what a fused op stands for. Its inputs are outputs of earlier parts or, where `node` is -1,
/// the fused op's own inputs (`output` says which).
struct FusedPart {
  Node node;
  RulePtr rule;  ///< null for a part that nothing reaches
};

/// The simple ops that one op stands for, in the order of computation.
class FusedParts {
 public:
  explicit FusedParts(std::vector<FusedPart> parts) : parts_(std::move(parts)) {}
  const std::vector<FusedPart>& parts() const { return parts_; }
  const FusedPart& part(int index) const { return parts_.at(static_cast<size_t>(index)); }

  /// The value of `wanted`, by the simple ops. `known` holds the outputs of parts that are there already, and
  /// is added to.
  using Known = std::map<Value, Tensor>;
  Tensor compute(Value wanted, const Tensors& inputs, Known& known) const;

 private:
  std::vector<FusedPart> parts_;
};

/// Several nodes of a graph computed as one, with the relevance that their rules would pass. It always
/// carries its composition of simple ops. Plans put it in place of the nodes where their rules allow it; see
/// fusion.h.
class FusedOp : public Op {
 public:
  explicit FusedOp(FusedParts parts) : parts_(std::move(parts)) {}
  OpKind kind() const final { return OpKind::held_linear; }
  const FusedParts& parts() const { return parts_; }

  /// What `relevance` reads. An op may have outputs beyond those of its parts that are for this alone.
  virtual Needs relevance_needs() const = 0;
  /// Whether `relevance` may give input `i` something.
  virtual bool reaches(int i) const { return true; }
  /// Multipliers at the outputs (undefined: none arrived) -> multipliers at the inputs, as the parts' rules
  /// pass them.
  virtual Tensors relevance(const Kept& kept, const Tensors& outputs) const = 0;

 private:
  FusedParts parts_;
};

/// The rule of every fused op: what the op itself says.
class FusedRule final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "fused"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override;
  bool reaches(const Op& op, int i) const override;
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
};

}  // namespace lrpp
