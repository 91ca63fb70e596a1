#pragma once

#include <lrpp/framework/registry.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {

/// Embedding, blocks, norm_f and head as one graph; see `transformer::build_language_model`.
Model build_stack(const StackConfig& config, const ModelDirectory& directory, const LoadOptions& options);

}  // namespace lrpp::mamba
