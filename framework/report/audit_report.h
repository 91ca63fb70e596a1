#pragma once

#include <lrpp/framework/report/report.h>

#include <string>
#include <vector>

namespace lrpp {

/// A ledger, for people: sums over all that was explained. No tensors.
struct AuditReport {
  using Absorbed = Flow::Absorbed;
  struct Node {
    std::string node, op, rule;  ///< no rule: a source
    bool reached = false;
    double in = 0, out = 0;
    Absorbed absorbed;
    double imbalance = 0;  ///< relative to the seed
  };

  std::string model, target, composite;
  double seed = 0, attributed = 0;  ///< what was put on the output, and what arrived at the inputs
  double tolerance = 0;             ///< relative to the seed
  double rest = 0;                  ///< of the seed, what is unaccounted for in all
  std::vector<Node> nodes;          ///< in the graph's order
  Json provenance;

  Flow flow() const;
  bool balances() const;
};

/// The answer to "did I forget something?": whether it balances, how much the inputs hold, and what took the
/// rest.
std::string audit_sentence(const AuditReport& report);

/// One page without scripts and without anything to load: the sentence, where the score went, and the nodes,
/// those first that are off or absorb most.
std::string render_html(const AuditReport& report);

}  // namespace lrpp
