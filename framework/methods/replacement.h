#pragma once

#include <lrpp/framework/model.h>

#include <string>

namespace lrpp {

/// What stands in the place of an input that is taken away, as users write it: "zero" (a zero embedding;
/// pixels that are 0 after normalisation), "mean" (of the example's own tokens or pixels, channel by
/// channel), "black" (of pictures; see the model's preprocessor), or, of a model that reads text, a token:
/// its id, or its text as the tokenizer has it ("[UNK]"). values: [B,T,D] or [B,C,H,W] -> what broadcasts to
/// it. Throws UserError for a word that fits none, and one that does not fit the model.
Tensor replacement(const Model& model, const std::string& word, const Tensor& values);

}  // namespace lrpp
