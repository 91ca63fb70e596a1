#pragma once

#include <lrpp/tests/support/models.h>

#include <string>
#include <vector>

namespace lrpp::testing {

inline const std::vector<std::string>& vim_official() {
  static const std::vector<std::string> cases{"vim-official/vim-16px-lrp0",
                                              "vim-official/vim-16px-gamma-conv1d",
                                              "vim-official/vim-16px-gamma-projections"};
  return cases;
}

/// Every option of the adapter, computed by the official code.
inline const std::vector<std::string>& vim_options() {
  static const std::vector<std::string> cases{"vim-options/double-cls-strided", "vim-options/head-cls-sum",
                                              "vim-options/no-cls-mean", "vim-options/no-cls-last",
                                              "vim-options/layer-norm"};
  return cases;
}

/// One model of each kind.
inline std::vector<std::string> vim_models() {
  std::vector<std::string> models = vim_options();
  models.push_back(vim_official().front());
  return models;
}

}  // namespace lrpp::testing
