#pragma once

#include <lrpp/framework/seed.h>
#include <lrpp/framework/tensor.h>

#include <functional>

namespace lrpp::evaluation {

/// A model that is asked about parts of its inputs. example: [N] int64, which of the B examples each row is;
/// kept: [N, F] bool, the features (tokens or patches of an image) that are as they were; the others are
/// taken away, in whichever way the function stands for -> logits [N, C].
using MaskedModel = std::function<Tensor(const Tensor& example, const Tensor& kept)>;

/// What is followed while features come and go: the explained logit (or difference of logits), or the
/// probability of the explained class.
enum class Quantity { logit, probability };

/// A model, and what of its output is followed.
struct Followed {
  MaskedModel model;
  TargetIndex target;  ///< of each example: [B]; held, whatever the changed inputs make the model say
  Quantity quantity = Quantity::logit;
  int64_t batch = 256;  ///< rows that run through the model together, at most
};

/// The followed quantity of each row: [N] float64. Throws UserError for a probability of a difference of
/// classes, and where the model's output is not finite.
Tensor follow(const Followed& followed, const Tensor& example, const Tensor& kept);

/// The place of each feature, from 0, when the most relevant (or the least relevant) go first: [B, F] ->
/// [B, F] int64. Features of equal relevance go by their position either way, so that an explanation which
/// tells nothing apart has two equal curves. Throws UserError for relevance that is not finite.
Tensor ranks(const Tensor& relevance, bool most_first);

/// How many of F features have changed after each of K steps: round(k F / K), k = 0 to K. With more steps
/// than features some steps change nothing.
std::vector<int64_t> step_counts(int64_t features, int64_t steps);

/// The followed quantity after each step, of each example: [B, K + 1] float64.
struct Curves {
  Tensor most_first;   ///< MoRF: the most relevant features change first
  Tensor least_first;  ///< LeRF: the least relevant ones
};

/// Flipping (Samek et al. 2017, arXiv:1509.06321; "pixel flipping" of Bach et al. 2015): features are taken
/// away step by step until none is left. relevance: [B, F], of features that all examples have as many of.
/// All steps of both orders run as one list of rows, in batches.
///
/// Pitfalls: what stands in the place of a feature decides much of the result, and so inputs that the model
/// never saw in training; say what it was. A curve alone says little: compare the two orders, and methods.
Curves flipping_curves(const Followed& followed, const Tensor& relevance, int64_t steps);

/// Insertion (Petsiuk et al. 2018, arXiv:1806.07421): from nothing, features come back step by step.
///
/// Pitfall: where features are taken away in the same way, what is left after k insertions of the most
/// relevant is what is left after F - k flips of the least relevant: both metrics are one. They differ where
/// the ways do: a flipped token is a zero embedding, an inserted one joins a text that grows.
Curves insertion_curves(const Followed& followed, const Tensor& relevance, int64_t steps);

/// The area under a curve over the share of changed features, from 0 to 1, by trapezoids: [B, K + 1] -> [B].
/// In the unit of what is followed.
Tensor area(const Tensor& curve);

/// dA_F = A_LeRF - A_MoRF of flipping curves: [B]. Positive where the explanation finds what the model rests
/// on; 0 on average for random relevance (Achtibat et al. 2024, arXiv:2402.05602; Jafari et al. 2024,
/// arXiv:2406.07592).
///
/// The symmetric relevance gain (Bluecher et al. 2024, arXiv:2401.06654) is the same difference, of
/// probabilities: what the two orders gain over a random one, added up. The random order cancels.
Tensor flipping_gain(const Curves& curves);

/// dA_I = A_MoRF - A_LeRF of insertion curves: [B].
Tensor insertion_gain(const Curves& curves);

}  // namespace lrpp::evaluation
