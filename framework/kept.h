#pragma once

#include <lrpp/framework/error.h>
#include <lrpp/framework/tensor.h>

#include <vector>

namespace lrpp {

/// Which inputs and outputs of an op must survive the forward pass, by index.
struct Needs {
  std::vector<int> inputs;
  std::vector<int> outputs;

  static Needs nothing() { return {}; }
  static Needs only_inputs(std::vector<int> which) { return {std::move(which), {}}; }
  static Needs only_outputs(std::vector<int> which) { return {{}, std::move(which)}; }
  /// What either of the two needs.
  friend Needs operator+(Needs a, const Needs& b);
};

/// Shape, dtype and device of a value: known after the forward pass whether or not the value was kept.
struct Meta {
  std::vector<int64_t> sizes;
  at::TensorOptions options;
  bool nonnegative = false;  ///< known to hold no negative element

  static Meta of(const Tensor& t) { return {t.sizes().vec(), t.options()}; }
};

/// The values of one node that survived the forward pass.
/// Asking for one that no `needs` declared is an internal error: it would work in a test and fail in a plan.
class Kept {
 public:
  Kept(Tensors inputs, Tensors outputs, std::vector<Meta> input_meta, std::vector<Meta> output_meta);
  /// Everything kept, for tests and for calls outside a plan.
  static Kept all(const Tensors& inputs, const Tensors& outputs);

  const Tensor& input(int i) const;
  const Tensor& output(int i) const;
  const Meta& input_meta(int i) const { return input_meta_.at(static_cast<size_t>(i)); }
  const Meta& output_meta(int i) const { return output_meta_.at(static_cast<size_t>(i)); }
  int num_inputs() const { return static_cast<int>(input_meta_.size()); }
  int num_outputs() const { return static_cast<int>(output_meta_.size()); }

 private:
  Tensors inputs_, outputs_;
  std::vector<Meta> input_meta_, output_meta_;
};

}  // namespace lrpp
