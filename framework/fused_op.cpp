#include <lrpp/framework/fused_op.h>

namespace lrpp {
namespace {

const FusedOp& as_fused(const Op& op) {
  const auto* fused = dynamic_cast<const FusedOp*>(&op);
  LRPP_ASSERT(fused != nullptr, "the rule 'fused' is for fused ops; got '{}'", op.type());
  return *fused;
}

}  // namespace

Tensor FusedParts::compute(Value wanted, const Tensors& inputs, Known& known) const {
  if (wanted.node < 0) return inputs.at(static_cast<size_t>(wanted.output));
  const auto found = known.find(wanted);
  if (found != known.end()) return found->second;
  const Node& node = part(wanted.node).node;
  Tensors arguments;
  for (const Value& v : node.inputs) arguments.push_back(compute(v, inputs, known));
  const Tensors outputs = node.op->forward(arguments);
  for (size_t o = 0; o < outputs.size(); ++o) known[{wanted.node, static_cast<int>(o)}] = outputs[o];
  return outputs.at(static_cast<size_t>(wanted.output));
}

std::string FusedRule::rejects(const Op& op) const {
  return dynamic_cast<const FusedOp*>(&op) != nullptr ? "" : "it is made for fused ops";
}

Needs FusedRule::needs(const Op& op) const { return as_fused(op).relevance_needs(); }

bool FusedRule::reaches(const Op& op, int i) const { return as_fused(op).reaches(i); }

Tensors FusedRule::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return as_fused(op).relevance(kept, outputs);
}

}  // namespace lrpp
