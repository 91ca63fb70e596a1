#pragma once

#include <lrpp/framework/rows.h>
#include <lrpp/framework/rule.h>

#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// What one node did with the relevance that entered it, per explanation [B] in float64:
/// in = out + bias + stabilizer + held + by_rule + imbalance.
struct LedgerRow {
  std::string node, op, rule;
  Tensor in;          ///< relevance that arrived at the node's outputs
  Tensor out;         ///< relevance that left through its inputs (or was read out there)
  Tensor bias;        ///< absorbed by the bias
  Tensor stabilizer;  ///< absorbed by a stabiliser, of the rule or of a division by a value
  Tensor held;        ///< ended at a constant: a source that is not read out
  Tensor by_rule;     ///< absorbed by a rule that does not conserve by definition
  bool reached = false;

  /// What the claims do not explain.
  Tensor imbalance() const { return in - out - bias - stabilizer - held - by_rule; }
  Tensor absorbed() const { return bias + stabilizer + held + by_rule; }
};

/// Accounts for every bit of relevance of one explanation.
struct Ledger {
  std::vector<LedgerRow> rows;  ///< one per node, in the graph's order
  Tensor seed;                  ///< relevance put on the output, [B]
  Tensor scale;       ///< sum of |R| over the seeded entries, [B]: what imbalances are measured against
  Tensor attributed;  ///< relevance read out at the inputs, [B]

  /// The row's largest imbalance over the batch, relative to `scale`. NaN counts as infinite.
  double relative_imbalance(const LedgerRow& row) const;
  /// seed - attributed - everything absorbed, relative to `scale`; the largest over the batch.
  double relative_total_imbalance() const;
  /// Rows that do not balance to `tolerance`, worst first.
  std::vector<const LedgerRow*> unbalanced(double tolerance) const;
};

/// Enters what the ledger of a walk over some rows says into that of all rows, which may be empty.
void enter_rows(std::optional<Ledger>& whole, Ledger part, const Rows& rows);

/// The tolerance at which a ledger of this dtype is held to balance: 1e-10 of the seed in float64; in float32
/// and bfloat16 rounding allows no more than 1e-3 and 5e-2 after sums over many large terms that cancel.
double ledger_tolerance(at::ScalarType dtype);

}  // namespace lrpp
