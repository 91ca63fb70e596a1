#pragma once

#include <lrpp/framework/tensor.h>

#include <functional>
#include <memory>

namespace lrpp {

/// y = W x + b, seen in one data input x of an op, with the op's other inputs and statistics held constant.
/// Every linear rule works on every op that offers this view: linear layers, convolutions, norms with their
/// statistic held, the selective scan with its parameters held, a product with one factor held.
class LinearMap {
 public:
  virtual ~LinearMap() = default;
  /// W x: the op's output without its bias.
  virtual Tensor apply(const Tensor& x) const = 0;
  /// W^T m, for m shaped like the output.
  virtual Tensor transpose(const Tensor& m) const = 0;
  /// b, broadcastable to the output; undefined where there is none.
  virtual Tensor bias() const { return {}; }
  /// The same map with every entry w of W replaced by change(w), which works element by element (absolute
  /// value, positive part, ...). The bias stays. Throws UserError where W has no explicit entries.
  virtual std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const;
  /// The same map with every entry of W a 1, which counts. As all outputs (of a group) are then the same, and
  /// all inputs, a map may do that with less work.
  virtual std::unique_ptr<LinearMap> with_ones() const;
};

}  // namespace lrpp
