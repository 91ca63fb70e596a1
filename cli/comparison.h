#pragma once

#include <lrpp/cli/request.h>
#include <lrpp/framework/report/compare_report.h>

#include <string>
#include <vector>

namespace lrpp::cli {

/// What is laid side by side: several models, or one model under several methods.
struct Compared {
  Request request;  ///< the input and all settings; its model and method are set here
  std::vector<std::string> models, methods;  ///< methods as `parse_method` reads them, or rules files F.json
};

/// Refuses, before any model is loaded, what cannot be compared: unknown methods, the same side twice,
/// folders that are not there, an input that means another thing to each.
void check(const Compared& compared);

/// Explains the input by each and puts the answers together. Every refusal names the side that it is about.
CompareReport compare(const Compared& compared);

}  // namespace lrpp::cli
