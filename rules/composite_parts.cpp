#include <lrpp/rules/composite_parts.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/softmax_taylor.h>

namespace lrpp::rules {

std::vector<Composite::Entry> product_entries() {
  return {{of_kind({OpKind::product}), std::make_shared<Half>()},
          {of_kind({OpKind::softmax}), std::make_shared<SoftmaxTaylor>()},
          {of_kind({OpKind::held_linear}), std::make_shared<Hold>()}};
}

Composite::Entry wiring_entry() {
  return {of_kind({OpKind::wiring}), std::make_shared<Epsilon>(EpsilonParameters{0})};
}

std::vector<Composite::Entry> identity_entries(double stabilizer) {
  const auto identity = std::make_shared<Identity>(IdentityParameters{stabilizer});
  return {{of_op({"softplus", "sigmoid", "clamp"}), std::make_shared<Gradient>()},
          {of_kind({OpKind::activation}), identity}};
}

void add_entries(Composite& composite, const std::vector<Composite::Entry>& entries) {
  composite.entries.insert(composite.entries.end(), entries.begin(), entries.end());
}

}  // namespace lrpp::rules
