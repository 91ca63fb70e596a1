#pragma once

#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/kept.h>
#include <lrpp/framework/linear_map.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lrpp {

/// What an op is to the rules. Composites may match on it, so that they need not know every op.
enum class OpKind {
  source,       ///< has no input that relevance can reach: a model input, an embedding look-up
  linear,       ///< W x + b with weights of its own
  wiring,       ///< moves, selects and adds values, without weights: add, split, select_token, max_pool2d
  held_linear,  ///< linear in input 0 once its other inputs are held: selective_scan
  activation,   ///< element by element
  norm,         ///< linear in input 0 once its statistic is held
  product,      ///< linear in each of its two inputs while the other is held: mul, gate, matmul
  softmax,      ///< shares of a whole over one dimension
};
std::string_view to_string(OpKind kind);

/// What a node computes. Ops are immutable and may be shared between graphs and threads.
class Op {
 public:
  virtual ~Op() = default;

  /// The name of the op, as rules files match it: "linear", "rms_norm", ...
  virtual std::string_view type() const = 0;
  virtual OpKind kind() const = 0;
  virtual int num_inputs() const { return 1; }
  virtual int num_outputs() const { return 1; }
  virtual Tensors forward(const Tensors& inputs) const = 0;
  /// Whether each output element depends on the same element of each (broadcast) input alone.
  virtual bool elementwise() const { return false; }
  /// Whether each output element is one input element, or zero. Then `vjp` carries relevance as it carries
  /// multipliers: back along the same routes.
  virtual bool routes() const { return false; }
  /// Whether input 0 always has the output's shape.
  virtual bool keeps_shape() const { return elementwise() && num_inputs() == 1; }
  /// Whether the outputs have no negative element, given which inputs have none. Rules that split values by
  /// their sign skip the half that is empty.
  virtual bool nonnegative(const std::vector<bool>& inputs) const;

  /// Where all outputs at one index of dimension `dim` rest on inputs at that one index alone, as of an op
  /// that treats tokens one by one: the dimension of each input that the index belongs to, or -1 for inputs
  /// that are needed whole. Nothing where that is not so.
  virtual std::optional<std::vector<int>> picks_through(int dim) const { return std::nullopt; }

  /// Vector-Jacobian product: the gradient at each input for the gradients at the outputs. Undefined stands
  /// for zero, in `grad_outputs` (not all of them) and in the result. The default is autograd on this one op.
  virtual Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const;
  /// What `vjp` reads. The default, like the default `vjp`, needs every input.
  virtual Needs vjp_needs() const;

  /// The view that is linear in input `data_input` with everything else held, or null where there is none.
  virtual std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input = 0) const;
  virtual Needs linear_map_needs(int data_input = 0) const { return Needs::nothing(); }
  /// Whether that view's `with_weights` works: its matrix has explicit entries.
  virtual bool has_explicit_weights() const { return kind() == OpKind::linear; }

  /// The op's attributes as JSON, and its weights by their names.
  virtual Json attributes() const { return Json::object(); }
  virtual NamedTensors weights() const { return {}; }
};

using OpPtr = std::shared_ptr<const Op>;

/// Base of ops whose attributes are a plain struct: printing and JSON follow from the struct alone.
template <class Attributes>
class OpWith : public Op {
 public:
  explicit OpWith(Attributes attributes = {}) : attributes_(std::move(attributes)) {}
  Json attributes() const final { return to_json_value(attributes_); }

 protected:
  Attributes attributes_;
};

/// Base of activations: y = f(x), element by element.
class Activation : public Op {
 public:
  OpKind kind() const final { return OpKind::activation; }
  bool elementwise() const final { return true; }
  std::optional<std::vector<int>> picks_through(int dim) const final { return {{dim}}; }
  /// f(x) / x with its limit at 0, computed without the division where a closed form exists.
  /// Undefined where f(0) != 0, so that there is no limit.
  virtual Tensor factor(const Tensor& x) const { return {}; }
  virtual bool has_factor() const { return false; }
};

}  // namespace lrpp
