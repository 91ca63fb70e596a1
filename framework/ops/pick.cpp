#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/pick.h>
#include <lrpp/framework/rows.h>

namespace lrpp::ops {
namespace {

/// The position of each example as an index for gather and scatter over `dim`: shaped like the values, with
/// one entry in `dim`.
Tensor index_like(const Tensor& position, std::vector<int64_t> sizes, int64_t dim, at::Device device) {
  std::vector<int64_t> view(sizes.size(), 1);
  view[0] = sizes[0];
  sizes[static_cast<size_t>(dim)] = 1;
  return to_device(position, device).reshape(view).expand(sizes);
}

}  // namespace

Tensors Pick::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  const int64_t size = x.size(attributes_.dim);
  if (!attributes_.by_position) {
    require(attributes_.index < size, "pick", "position must lie in [0, {}); got {}", size,
            attributes_.index);
    // A copy: a view would keep the whole alive.
    return {x.narrow(attributes_.dim, attributes_.index, 1).clone()};
  }
  const Tensor& position = inputs.at(1);
  const int64_t low = position.min().item<int64_t>(), high = position.max().item<int64_t>();
  require(low >= 0 && high < size, "pick", "position must lie in [0, {}); got {}", size,
          low < 0 ? low : high);
  if (position.size(0) == x.size(0)) {
    return {x.gather(attributes_.dim, index_like(position, x.sizes().vec(), attributes_.dim, x.device()))};
  }
  // Indexed by both, so that the values of an example are not repeated for each of its positions.
  const Tensor example = entry_of_rows("pick", position.size(0), x.size(0), x.device());
  const Tensor there = to_device(position, x.device());
  const Tensor rows = x.movedim(attributes_.dim, 1).index(c10::List<std::optional<Tensor>>{example, there});
  return {rows.unsqueeze(1).movedim(1, attributes_.dim)};
}

Tensors Pick::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  const std::vector<int64_t>& sizes = kept.input_meta(0).sizes;
  Tensor result = at::zeros(sizes, g.options());
  if (!attributes_.by_position) {
    result.narrow(attributes_.dim, attributes_.index, 1).copy_(g);
    return {result};
  }
  result.scatter_(attributes_.dim, index_like(kept.input(1), sizes, attributes_.dim, g.device()), g);
  return {result, {}};
}

Needs Pick::vjp_needs() const { return attributes_.by_position ? Needs::only_inputs({1}) : Needs::nothing(); }

}  // namespace lrpp::ops
