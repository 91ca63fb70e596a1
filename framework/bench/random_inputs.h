#pragma once

#include <lrpp/framework/model.h>

namespace lrpp {

/// Ids drawn evenly from the vocabulary, [batch, tokens], all of them real tokens. The same for the same
/// seed. Throws UserError for a model that reads no text and for sizes below 1.
TextInputs random_text(const Model& model, int64_t batch, int64_t tokens, uint64_t seed);

/// Standard normal pixels of the size that the model takes, 224 x 224 where it takes any.
ImageInputs random_images(const Model& model, int64_t batch, uint64_t seed);

}  // namespace lrpp
