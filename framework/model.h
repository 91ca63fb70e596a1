#pragma once

#include <lrpp/framework/graph.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lrpp {

/// A checkpoint turned into a graph, with what is needed to feed it and to name its outputs.
struct Model {
  Graph graph;
  std::string model_type;
  std::string default_composite;
  std::string task;                 ///< "language model" or "classifier"
  std::vector<std::string> labels;  ///< by class; empty for a language model, whose classes are tokens
  int64_t vocabulary_size = 0;      ///< token ids lie in [0, vocabulary_size)
  std::filesystem::path directory;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
};

/// Inputs for `Model`s that read text.
struct TextInputs {
  Tensor input_ids;       ///< [B, T] int64
  Tensor attention_mask;  ///< [B, T], 1 for real tokens and 0 for padding after them; undefined: all real
  Tensor target;          ///< [B] int64 or undefined
};

/// The graph's inputs: ids and the explained position (see resolve_position), checked and on the model's
/// device. Throws UserError for wrong shapes or dtypes, an empty input, ids outside the vocabulary, and
/// padding that does not follow the real tokens.
std::map<std::string, Tensor> prepare_text(const Model& model, const TextInputs& inputs,
                                           std::string_view position);

}  // namespace lrpp
