#include <lrpp/framework/ledger.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lrpp {
namespace {

double largest(const Tensor& difference, const Tensor& scale) {
  const double value =
      (difference.abs() / scale.clamp_min(std::numeric_limits<double>::min())).max().item<double>();
  return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
}

}  // namespace

double Ledger::relative_imbalance(const LedgerRow& row) const { return largest(row.imbalance(), scale); }

double Ledger::relative_total_imbalance() const {
  Tensor rest = seed - attributed;
  for (const LedgerRow& row : rows) rest = rest - row.absorbed();
  return largest(rest, scale);
}

std::vector<const LedgerRow*> Ledger::unbalanced(double tolerance) const {
  std::vector<const LedgerRow*> found;
  for (const LedgerRow& row : rows) {
    if (relative_imbalance(row) > tolerance) found.push_back(&row);
  }
  std::stable_sort(found.begin(), found.end(), [&](const LedgerRow* a, const LedgerRow* b) {
    return relative_imbalance(*a) > relative_imbalance(*b);
  });
  return found;
}

double ledger_tolerance(at::ScalarType dtype) {
  if (dtype == at::kDouble) return 1e-10;
  return dtype == at::kFloat ? 1e-3 : 5e-2;
}

}  // namespace lrpp
