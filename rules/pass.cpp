#include <lrpp/rules/pass.h>

namespace lrpp::rules {

std::string Pass::rejects(const Op& op) const {
  const bool same_shape = op.num_inputs() == 1 && (op.elementwise() || op.kind() == OpKind::norm);
  return same_shape ? "" : "pass needs an op with one input of its output's shape";
}

}  // namespace lrpp::rules
