#pragma once

#include <lrpp/framework/methods/method.h>

#include <map>
#include <string>

namespace lrpp {

using Inputs = std::map<std::string, Tensor>;

/// A model's graph as it can be fed with real numbers: pixels as they are, and where a text model looks
/// embeddings up, the embeddings [B,T,D] themselves. That node becomes an input of its own name; the ids are
/// fed all the same, because positions may be counted from them.
Graph fed_with_values(const Graph& graph);

/// The values that the inputs stand for at `graph.attributed()`: embeddings [B,T,D] or pixels [B,C,H,W].
Tensor values_at(const Graph& graph, const Inputs& inputs);

/// A model to be asked what it says at values that are not its inputs'. What is to be explained is settled by
/// one forward pass at the inputs themselves.
class Probe {
 public:
  /// Throws UserError for inputs and targets that cannot be explained.
  Probe(const Model& model, const Plan& forward, const Inputs& inputs, const ExplainOptions& options);

  /// Everything but the relevance.
  Attribution attribution;
  Tensor values;  ///< [B,T,D] or [B,C,H,W]

  int64_t examples() const { return values.size(0); }
  /// Explanations of each example: positions times targets.
  int64_t rows_per_example() const { return attribution.logits.size(0) / examples(); }

  /// Inputs for a graph `fed_with_values`. changed: [B S,...], S versions of each example side by side.
  Inputs inputs_with(const Tensor& changed) const;
  /// What is explained, for S versions of each example: [B S rows].
  TargetIndex targets(int64_t versions) const;
  /// The explained logits, or differences, of S versions of each example: [B, S, rows_per_example].
  Tensor scores(const Plan& forward, const Tensor& changed) const;

  /// The value of each row's example: [R,...].
  Tensor of_rows(const Tensor& per_example) const;
  /// Sets the relevance [R,...], shaped like the values, that stands for the score; where one was put on the
  /// target, divides by the score. Of a text model also the relevance of tokens.
  Attribution finish(Tensor relevance, Start start) &&;
  /// The same of the relevance of tokens [R,T], spread evenly over what they are made of; see spread.h.
  Attribution finish_tokens(const Graph& graph, const Tensor& relevance, Start start) &&;

 private:
  std::string fed_;  ///< the input that takes values
  Inputs inputs_;
};

/// How many versions of each of `examples` run together where `batch` inputs may: at least one.
int64_t versions_together(int64_t batch, int64_t examples);

/// A seed for each example, from the method's and what the example holds, so that chance does not depend on
/// which examples run together, nor on their order. Padding counts for nothing.
std::vector<uint64_t> example_seeds(int64_t seed, const Inputs& inputs);

}  // namespace lrpp
