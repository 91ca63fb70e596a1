#include <lrpp/rules/checks.h>
#include <lrpp/rules/input_rules.h>
#include <lrpp/rules/linear_view.h>

#include <cmath>

namespace lrpp::rules {
namespace {

/// The one input that gets a signal.
Tensors only_first(const Op& op, Tensor signal) {
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  inputs[0] = std::move(signal);
  return inputs;
}

/// What the map with changed weights makes of an input of ones: how much each output counts.
struct Counted {
  std::unique_ptr<LinearMap> map;
  Tensor z;
};

Counted count(std::unique_ptr<LinearMap> map, const Kept& kept) {
  Counted counted;
  counted.map = std::move(map);
  // One example stands for all: the sizes of the others are the same.
  std::vector<int64_t> sizes = kept.input_meta(0).sizes;
  sizes.at(0) = 1;
  counted.z = counted.map->apply(at::ones(sizes, kept.input_meta(0).options));
  return counted;
}

Counted count_equal(const Op& op, const Kept& kept) { return count(op.linear_map(kept)->with_ones(), kept); }

Tensor squares(const Tensor& w) { return w.square(); }
Counted count_squares(const Op& op, const Kept& kept) {
  return count(op.linear_map(kept)->with_weights(squares), kept);
}

}  // namespace

std::string InputRule::rejects(const Op& op) const {
  const bool fits = has_linear_view(op) && op.kind() != OpKind::wiring && op.has_explicit_weights();
  return fits ? "" : fmt::format("{} needs a linear op with weights", name());
}

Flat::Flat(FlatParameters parameters) : parameters_(parameters) {
  require_above_0("rule flat", "stabilizer", parameters.stabilizer);
}

Tensors Flat::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Counted counted = count_equal(op, kept);
  return only_first(op, counted.map->transpose(outputs.at(0) / stabilize(counted.z, parameters_.stabilizer)));
}

Absorbed Flat::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  const Counted counted = count_equal(op, all);
  const Tensor divisor = stabilize(counted.z, parameters_.stabilizer);
  Absorbed absorbed;
  absorbed.stabilizer = dot_per_example((divisor - counted.z) / divisor, passage.outputs.at(0));
  return absorbed;
}

WSquare::WSquare(WSquareParameters parameters) : parameters_(parameters) {
  require_above_0("rule w-square", "stabilizer", parameters.stabilizer);
}

Tensors WSquare::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Counted counted = count_squares(op, kept);
  const Tensor bias = parameters_.zero_bias ? Tensor() : view_bias(op, kept);
  const Tensor z = bias.defined() ? counted.z + squares(bias) : counted.z;
  return only_first(op, counted.map->transpose(outputs.at(0) / stabilize(z, parameters_.stabilizer)));
}

Absorbed WSquare::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  const Counted counted = count_squares(op, all);
  const Tensor bias = parameters_.zero_bias ? Tensor() : view_bias(op, all);
  const Tensor z = bias.defined() ? counted.z + squares(bias) : counted.z;
  const Tensor divisor = stabilize(z, parameters_.stabilizer);
  const Tensor s = passage.outputs.at(0) / divisor;
  Absorbed absorbed;
  absorbed.stabilizer = dot_per_example(divisor - z, s);
  if (bias.defined()) absorbed.bias = dot_per_example(squares(bias), s);
  return absorbed;
}

struct ZBox::Box {
  std::unique_ptr<LinearMap> positive, negative;
  Tensor low, high;  ///< of one example, which stands for all
  Tensor z;
};

ZBox::ZBox(ZBoxParameters parameters) : parameters_(std::move(parameters)) {
  const auto& low = parameters_.low;
  const auto& high = parameters_.high;
  require(low.size() == high.size(), "rule z-box", "low and high must hold as many numbers; got {} and {}",
          low.size(), high.size());
  for (size_t i = 0; i < low.size(); ++i) {
    require(low[i] <= high[i] && std::isfinite(low[i]) && std::isfinite(high[i]), "rule z-box",
            "low must not be above high, and both must be finite; got {} and {}", low[i], high[i]);
  }
  require_above_0("rule z-box", "stabilizer", parameters_.stabilizer);
}

std::string ZBox::rejects(const Op& op) const {
  if (parameters_.low.empty()) {
    return "it needs the bounds of the input, 'low' and 'high': an array of one number, or of one for each "
           "channel. "
           "For pixels normalised by mean and std they are (0 - mean) / std and (1 - mean) / std";
  }
  return InputRule::rejects(op);
}

Needs ZBox::needs(const Op& op) const {
  return op.linear_map_needs() + Needs::only_inputs({0}) + Needs::only_outputs({0});
}

ZBox::Box ZBox::make_box(const Op& op, const Kept& kept) const {
  const Tensor& x = kept.input(0);
  const int64_t channel_dim = x.dim() == 4 ? 1 : x.dim() - 1;
  const auto count = static_cast<int64_t>(parameters_.low.size());
  require(count == 1 || count == x.size(channel_dim), "rule z-box",
          "'low' and 'high' must hold one number, or one for each of the {} channels; got {}",
          x.size(channel_dim), count);
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(channel_dim)] = count;
  const auto bound = [&](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble).reshape(shape).to(x.options()).expand_as(x.narrow(0, 0, 1));
  };
  const auto view = op.linear_map(kept);
  Box box{view->with_weights([](const Tensor& w) { return w.clamp_min(0); }),
          view->with_weights([](const Tensor& w) { return w.clamp_max(0); }),
          bound(parameters_.low),
          bound(parameters_.high),
          {}};
  const Tensor corner = box.positive->apply(box.low) + box.negative->apply(box.high);
  // The bias is the same for x and for the corner of the box that is subtracted, so that it cancels.
  const Tensor bias = view->bias();
  box.z = kept.output(0) - (bias.defined() ? corner + bias : corner);
  return box;
}

Tensors ZBox::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Box box = make_box(op, kept);
  const Tensor s = outputs.at(0) / stabilize(box.z, parameters_.stabilizer);
  const Tensor& x = kept.input(0);
  // Every weight is in one of the two.
  return only_first(op,
                    (x - box.low) * box.positive->transpose(s) + (x - box.high) * box.negative->transpose(s));
}

Absorbed ZBox::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  const Box box = make_box(op, all);
  const Tensor divisor = stabilize(box.z, parameters_.stabilizer);
  Absorbed absorbed;
  absorbed.stabilizer = dot_per_example(divisor - box.z, passage.outputs.at(0) / divisor);
  return absorbed;
}

}  // namespace lrpp::rules
