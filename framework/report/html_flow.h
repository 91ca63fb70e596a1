#pragma once

#include <lrpp/framework/report/report.h>

#include <string>
#include <vector>

namespace lrpp {

/// One place that a score goes to, and how it is called.
struct FlowShare {
  const char* name;
  const char* meaning;
  double value;
};
/// The inputs, then all that is absorbed on the way.
std::vector<FlowShare> flow_shares(const Flow& flow);

/// "91.4 %" of the score, or "no share" of none.
std::string share_of_score(double value, const Flow& flow);

/// "inputs 91.4 %, biases 8.6 %": the places that have a share, largest first.
std::string flow_sentence(const Flow& flow);

/// A part of a page: the score as a band that is cut into its shares, and a table of them. The ledger's
/// inputs are what the page shows, unless it shows gradients (`multiplier`).
std::string flow_html(const Flow& flow, int heading_level, bool multiplier = false);

}  // namespace lrpp
