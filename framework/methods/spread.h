#pragma once

#include <lrpp/framework/model.h>

namespace lrpp {

/// The relevance of tokens [R,T], evenly over what each token is made of: its D channels, or the pixels that
/// its patch sees (a pixel of several patches gets a share of each). What lies on learned tokens, such as the
/// class token, stays there: no pixel gets it. values: [B,T,D] or [B,C,H,W] -> [R,T,D] or [R,C,H,W]. Throws
/// UserError for a model that sees and has no tokens.
Tensor spread_over_values(const Graph& graph, const Tensor& values, const Tensor& token_relevance);

}  // namespace lrpp
