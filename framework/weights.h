#pragma once

#include <lrpp/framework/registry.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// Hands an adapter its weights: cast, moved, and checked for shape and for NaN and infinity.
class Weights {
 public:
  Weights(const ModelDirectory& directory, const LoadOptions& options)
      : directory_(directory), options_(options) {}

  bool contains(const std::string& name) const { return directory_.checkpoint.contains(name); }
  /// Throws UserError where the tensor is missing, has another shape, holds integers or is not finite.
  Tensor take(const std::string& name, std::vector<int64_t> shape);
  /// The same for half precision too: scalars of a recurrence lose too much in bfloat16.
  Tensor take_at_least_float32(const std::string& name, std::vector<int64_t> shape);
  /// What `take` makes of the weights.
  at::ScalarType dtype() const { return options_.dtype; }
  /// [size] of ones with the weights' dtype and device: the weight of a norm that has none.
  Tensor ones(int64_t size) const;
  /// Throws UserError, headed by `why`, where a tensor is stored below several of these prefixes and differs.
  /// Whichever of its copies is taken, the others are of no use.
  void check_copies(const std::vector<std::string>& prefixes, std::string_view why);
  /// A tensor of integers that the config has as well, and that may be there: a table kept as a buffer.
  /// Throws UserError where it differs from `expected` in shape or values.
  void check(const std::string& name, const std::vector<int64_t>& expected);
  /// A tensor that the model does not use when it is applied (the counter of a batch norm): it may be there.
  void pass_over(const std::string& name) { taken_.insert(name); }
  /// Throws UserError where the checkpoint holds a tensor that nobody took: an option that would be ignored.
  void finish() const;

 private:
  Tensor take_as(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype);

  const ModelDirectory& directory_;
  LoadOptions options_;
  std::set<std::string> taken_;
};

}  // namespace lrpp
