#pragma once

#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/graph.h>
#include <lrpp/framework/weights.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp::transformer {

/// How a linear layer lies in the checkpoint.
enum class Layout {
  out_in,  ///< [out, in], as torch.nn.Linear
  in_out,  ///< [in, out], as GPT-2's Conv1D
};

struct LinearConfig {
  int64_t in = 0, out = 0;
  bool bias = true;
  Layout layout = Layout::out_in;
};

/// The weight [out, in] and the bias of a linear layer, whatever their layout in the checkpoint.
struct LinearWeights {
  Tensor weight, bias;
};

/// A model's graph and its weights, while they are put together. Names are the module names of present-day
/// checkpoints; a tensor that an older one spells differently is found by itself: without the model's base
/// ("h.0.ln_1" for "transformer.h.0.ln_1"), or with another ending (LayerNorm.gamma).
class Builder {
 public:
  /// `base`: what heads all names but the head's, such as "bert".
  Builder(const ModelDirectory& directory, const LoadOptions& options, std::string base)
      : weights_(directory, options), base_(std::move(base)) {}

  GraphBuilder& graph() { return graph_; }
  Value add(const std::string& name, OpPtr op, std::vector<Value> inputs) {
    return graph_.add(name, std::move(op), std::move(inputs));
  }

  at::ScalarType dtype() const { return weights_.dtype(); }
  bool contains(const std::string& name) const { return weights_.contains(stored(name)); }
  Tensor take(const std::string& name, std::vector<int64_t> shape);
  Tensor take_at_least_float32(const std::string& name, std::vector<int64_t> shape);
  /// As the weight of a norm that has none: [size], in the dtype and on the device of the weights.
  Tensor ones(int64_t size) const { return weights_.ones(size); }
  /// The modules below these prefixes share their weights: a tensor that the checkpoint holds below one of
  /// them serves all. Of several such rules for a name the first counts. Throws UserError, headed by `why`,
  /// where the checkpoint has it below several and they differ.
  void tie(std::vector<std::string> prefixes, std::string_view why);
  /// A table of integers that the config has as well: it may be there, and must not differ.
  void check(const std::string& name, const std::vector<int64_t>& expected) {
    weights_.check(stored(name), expected);
  }
  /// A tensor that the model does not use: it may be there.
  void pass_over(const std::string& name) { weights_.pass_over(stored(name)); }
  LinearWeights take_linear(const std::string& name, const LinearConfig& config);

  Value linear(const std::string& name, const LinearConfig& config, Value x);
  /// Over the last dimension, which is `size`.
  Value norm(const std::string& name, const NormConfig& config, int64_t size, Value x);
  /// `ids` looked up in `table`.
  Value embedding(const std::string& name, const Tensor& table, Value ids, double scale = 1);

  /// Throws UserError where the checkpoint holds a tensor that nobody took.
  void finish_weights() const { weights_.finish(); }

 private:
  /// The name under which the checkpoint has the tensor; today's where it has none.
  std::string stored(const std::string& name) const;
  std::optional<std::string> find_stored(const std::string& name) const;
  /// `take` of Weights, and once for a tensor that modules share.
  using Take = Tensor (Weights::*)(const std::string&, std::vector<int64_t>);
  Tensor take_once(const std::string& name, std::vector<int64_t> shape, Take take);
  /// The name below each of the prefixes that are tied to one of its own; none where it is not tied.
  std::vector<std::string> shared_names(const std::string& name) const;

  Weights weights_;
  GraphBuilder graph_;
  std::string base_;
  std::vector<std::vector<std::string>> tied_;
  std::map<std::string, Tensor> shared_;  ///< what was taken of them, so that it is in memory once
};

}  // namespace lrpp::transformer
