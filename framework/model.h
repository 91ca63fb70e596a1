#pragma once

#include <lrpp/framework/composite.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// What a model that sees takes as `pixel_values` [B, channels, height, width].
struct ImageShape {
  int64_t channels = 3;
  int64_t height = 0, width = 0;  ///< 0: any
};

/// A checkpoint turned into a graph, with what is needed to feed it and to name its outputs.
struct Model {
  Graph graph;
  std::string model_type;
  std::string default_composite;
  Composite composite;  ///< the default one, as the registry made it; no entries where none loaded the model
  std::string task;     ///< "language model", "classifier" or "image classifier"
  std::vector<std::string> labels;  ///< by class; empty for a language model, whose classes are tokens
  int64_t vocabulary_size = 0;      ///< token ids lie in [0, vocabulary_size); 0: the model reads no text
  int64_t max_tokens = 0;           ///< the longest input there are positions for; 0: any length
  int64_t token_types = 0;          ///< token_type_ids lie in [0, token_types); 0: the model takes none
  bool no_padding = false;          ///< a text model that takes padding for tokens: it must not get any
  std::optional<ImageShape> image;  ///< of models that see
  std::filesystem::path directory;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
};

/// Inputs for `Model`s that read text.
struct TextInputs {
  Tensor input_ids;       ///< [B, T] int64
  Tensor attention_mask;  ///< [B, T], 1 for real tokens and 0 for padding after them; undefined: all real
  Tensor target;          ///< [B] int64 or undefined
  Tensor token_type_ids = {};  ///< [B, T] int64 or undefined: all 0
};

/// Inputs for `Model`s that see.
struct ImageInputs {
  Tensor pixel_values;  ///< [B, C, H, W], floating point, normalised as the model was trained
  Tensor target;        ///< [B] int64 or undefined
};

/// The graph's inputs, checked: the ids and, where the graph reads them, the explained positions [B P] (see
/// resolve_position), the mask and the token types. They stay on the CPU, where ops look at them without
/// waiting for the model's device; an op moves what it computes with. Throws UserError for wrong shapes
/// or dtypes, an empty or too long input, ids outside the vocabulary, padding that does not follow the real
/// tokens where a position is explained, and for a position or token types that the model has no use for.
std::map<std::string, Tensor> prepare_text(const Model& model, const TextInputs& inputs,
                                           std::string_view position);

/// The graph's input, checked, on the model's device and in its dtype. Throws UserError for wrong shapes or
/// dtypes and for pixels that are not finite.
std::map<std::string, Tensor> prepare_image(const Model& model, const ImageInputs& inputs);

}  // namespace lrpp
