#pragma once

#include <lrpp/framework/graph.h>

#include <vector>

namespace lrpp {

/// The places between the layers of a model, from the input on. A layer is what bears one number in the
/// checkpoint ("backbone.layers.3", "features.7", "encoder.layers.encoder_layer_2") and has weights; its
/// place is the value that enters it, where everything that comes from the attributed value and goes on
/// passes through that one value. Layers entered by several values at once (two directions of a text, say)
/// have none.
std::vector<Layer> find_layers(const Graph& graph);

}  // namespace lrpp
