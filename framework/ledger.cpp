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

void enter_rows(std::optional<Ledger>& whole, Ledger part, const Rows& rows) {
  if (!whole) {
    whole.emplace();
    for (const LedgerRow& row : part.rows) {
      whole->rows.emplace_back();
      whole->rows.back().node = row.node;
      whole->rows.back().op = row.op;
      whole->rows.back().rule = row.rule;
    }
  }
  for (Tensor Ledger::*member : {&Ledger::seed, &Ledger::scale, &Ledger::attributed})
    rows.put((*whole).*member, part.*member);
  for (size_t i = 0; i < part.rows.size(); ++i) {
    LedgerRow& row = whole->rows.at(i);
    row.reached = row.reached || part.rows[i].reached;
    for (Tensor LedgerRow::*member : {&LedgerRow::in, &LedgerRow::out, &LedgerRow::bias,
                                      &LedgerRow::stabilizer, &LedgerRow::held, &LedgerRow::by_rule})
      rows.put(row.*member, part.rows[i].*member);
  }
}

double ledger_tolerance(at::ScalarType dtype) {
  if (dtype == at::kDouble) return 1e-10;
  return dtype == at::kFloat ? 1e-3 : 5e-2;
}

}  // namespace lrpp
