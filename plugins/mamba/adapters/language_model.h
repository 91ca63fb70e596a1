#pragma once

#include <lrpp/framework/registry.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {

/// Embedding, blocks, norm_f and head as one graph; the token to explain is taken before norm_f, so that norm
/// and head see one token of each example.
Model build_stack(const StackConfig& config, const ModelDirectory& directory, const LoadOptions& options);

}  // namespace lrpp::mamba
