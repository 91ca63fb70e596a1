#include <lrpp/rules/pass.h>

namespace lrpp::rules {

std::string Pass::rejects(const Op& op) const {
  return op.keeps_shape() ? "" : "pass needs an op with one input of its output's shape";
}

}  // namespace lrpp::rules
