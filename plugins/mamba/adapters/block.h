#pragma once

#include <lrpp/framework/graph.h>
#include <lrpp/framework/weights.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

#include <string>

namespace lrpp::mamba {

/// The mixer of one block under `prefix` ("backbone.layers.0.mixer"): [B,T,D] -> [B,T,D]
/// (Gu and Dao, arXiv:2312.00752, figure 3).
Value add_mixer(GraphBuilder& builder, Weights& weights, const std::string& prefix, const BlockConfig& config,
                Value x);

/// residual + mixer(norm(residual)) under `prefix` ("backbone.layers.0").
Value add_block(GraphBuilder& builder, Weights& weights, const std::string& prefix, const BlockConfig& config,
                Value residual);

}  // namespace lrpp::mamba
