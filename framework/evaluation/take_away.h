#pragma once

#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/features.h>
#include <lrpp/framework/evaluation/value_model.h>

#include <string>

namespace lrpp::evaluation {

/// How features are taken away from a model's inputs, as users write it.
///   Of texts: "zero" (a zero embedding), "unk" or "pad" (the vocabulary's token for the unknown, for
///     padding), any token of the vocabulary by its text or id, "mean" (of the example's embeddings), or
///     "remove": the text gets shorter.
///   Of pictures: "zero" (0 after normalisation: the mean colour of the training data), "mean" (of each
///   channel of
///     the picture), "black", or "blur" (see blurred).
/// Throws UserError for a word that fits none, and one that does not fit the model.
///
/// Removed tokens: the output is read where the last token at or before the explained position now stands, at
/// the first where there is none. A text of which nothing is left stands as one zero embedding.
///
/// inputs: B examples without padding; `values` and `inputs` must outlive the function.
MaskedModel masked_model(const ValueModel& values, const Inputs& inputs, const Features& features,
                         const std::string& how);

/// The way that is taken where none is asked for: "zero" for texts and "mean" for pictures; of features that
/// are inserted, "remove" and "blur" (see insertion_curves).
std::string default_way(const Model& model, bool insertion);

/// Refuses a way that fits no way, or not the model, before anything runs. Throws UserError.
void check_way(const Model& model, const std::string& how, bool insertion);

/// What users' words mean for one model: "" of the default, and "unk" and "pad" as the vocabulary writes
/// them.
std::string resolve_way(const Model& model, const std::string& how, bool insertion);

/// A picture without detail [B,C,H,W]: the mean over squares of a quarter of the shorter side, three times,
/// which is close to a Gaussian of an eighth of it. Squares are cut at the edges.
Tensor blurred(const Tensor& pixels);

}  // namespace lrpp::evaluation
