#pragma once

#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/framework/registry.h>

#include <functional>

namespace lrpp::transformer {

/// Module names.
struct LanguageModelNames {
  std::string base, embedding, norm;
  std::string head = "lm_head", classifier = "score";
};

/// Adds the layers: ids [B,T] and embeddings [B,T,D] -> [B,T,D].
using AddLayers = std::function<Value(Builder& builder, Value ids, Value embeddings)>;

/// Inputs input_ids [B,T] and position [B], output [B,C] at that position. The token is taken before the last
/// norm, so that norm and head see one token of each example. With `every_position` there is no input
/// `position`, and the output is [B,T,C]. Padding must follow the real tokens, which never see it. A head has
/// a bias where the checkpoint stores one.
Model build_language_model(const LanguageModelConfig& config, const LanguageModelNames& names,
                           const ModelDirectory& directory, const LoadOptions& options,
                           const AddLayers& add_layers);

}  // namespace lrpp::transformer
