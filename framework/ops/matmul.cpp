#include <lrpp/framework/ops/matmul.h>

namespace lrpp::ops {
namespace {

/// scale a b for batches of matrices; the scale costs no pass of its own. With beta 0 the first argument is
/// not read.
Tensor scaled(const Tensor& a, const Tensor& b, double scale) {
  if (scale == 1) return at::bmm(a, b);
  return at::baddbmm(at::empty({1, 1, 1}, a.options()), a, b, /*beta=*/0, /*alpha=*/scale);
}

/// [B,H,T,K] -> [B*G, H/G*T, K]: the heads that share a head of b stand below each other.
Tensor stacked(const Tensor& x, int64_t groups) {
  return x.reshape({x.size(0) * groups, x.size(1) / groups * x.size(2), x.size(3)});
}

Tensor flat(const Tensor& b) { return b.reshape({b.size(0) * b.size(1), b.size(2), b.size(3)}); }

Tensor multiply(const Tensor& a, const Tensor& b, const MatmulAttributes& how) {
  const Tensor right = how.transpose_b ? flat(b).transpose(1, 2) : flat(b);
  return scaled(stacked(a, b.size(1)), right, how.scale).view({a.size(0), a.size(1), a.size(2), -1});
}

/// What the gradient or multiplier m at the product is at `a`.
Tensor back_to_a(const Tensor& m, const Tensor& b, const MatmulAttributes& how) {
  const Tensor right = how.transpose_b ? flat(b) : flat(b).transpose(1, 2);
  return scaled(stacked(m, b.size(1)), right, how.scale).view({m.size(0), m.size(1), m.size(2), -1});
}

/// The same at `b`, which has these sizes: the sum over the heads that share it.
Tensor back_to_b(const Tensor& m, const Tensor& a, at::IntArrayRef sizes, const MatmulAttributes& how) {
  const Tensor left = stacked(how.transpose_b ? m : a, sizes[1]).transpose(1, 2);
  return scaled(left, stacked(how.transpose_b ? a : m, sizes[1]), how.scale).view(sizes);
}

/// Where several rows of a share each entry of b, as the picked queries of an example share its keys: they
/// stand below each other, so that b is not repeated.
Tensor multiply_shared(const Tensor& a, const Tensor& b, const MatmulAttributes& how) {
  const int64_t rows = a.size(0) / b.size(0);
  const Tensor together = a.unflatten(0, {-1, rows}).transpose(1, 2).flatten(2, 3);  // [B,H,rows*T,K]
  return multiply(together, b, how).unflatten(2, {rows, -1}).transpose(1, 2).flatten(0, 1);
}

class ViewInA final : public LinearMap {
 public:
  ViewInA(Tensor b, MatmulAttributes how) : b_(std::move(b)), how_(how) {}
  Tensor apply(const Tensor& x) const override { return multiply(x, b_, how_); }
  Tensor transpose(const Tensor& m) const override { return back_to_a(m, b_, how_); }

 private:
  Tensor b_;
  MatmulAttributes how_;
};

class ViewInB final : public LinearMap {
 public:
  ViewInB(Tensor a, std::vector<int64_t> sizes, MatmulAttributes how)
      : a_(std::move(a)), sizes_(std::move(sizes)), how_(how) {}
  Tensor apply(const Tensor& x) const override { return multiply(a_, x, how_); }
  Tensor transpose(const Tensor& m) const override { return back_to_b(m, a_, sizes_, how_); }

 private:
  Tensor a_;
  std::vector<int64_t> sizes_;
  MatmulAttributes how_;
};

}  // namespace

bool Matmul::nonnegative(const std::vector<bool>& inputs) const {
  return attributes_.scale >= 0 && inputs.at(0) && inputs.at(1);
}

Tensors Matmul::forward(const Tensors& inputs) const {
  const Tensor &a = inputs.at(0), &b = inputs.at(1);
  const bool fits = a.dim() == 4 && b.dim() == 4 && b.size(0) > 0 && a.size(0) % b.size(0) == 0 &&
                    b.size(1) > 0 && a.size(1) % b.size(1) == 0 &&
                    a.size(3) == b.size(attributes_.transpose_b ? 3 : 2);
  require(fits, "matmul", "a [B,H,T,K] must meet b {} with H a multiple of G; got {} and {}",
          attributes_.transpose_b ? "[B,G,S,K]" : "[B,G,K,S]", shape_string(a.sizes()),
          shape_string(b.sizes()));
  if (a.size(0) != b.size(0)) return {multiply_shared(a, b, attributes_)};
  return {multiply(a, b, attributes_)};
}

Tensors Matmul::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  return {back_to_a(g, kept.input(1), attributes_),
          back_to_b(g, kept.input(0), kept.input_meta(1).sizes, attributes_)};
}

std::unique_ptr<LinearMap> Matmul::linear_map(const Kept& kept, int data_input) const {
  if (data_input == 0) return std::make_unique<ViewInA>(kept.input(1), attributes_);
  return std::make_unique<ViewInB>(kept.input(0), kept.input_meta(1).sizes, attributes_);
}

std::optional<std::vector<int>> Matmul::picks_through(int dim) const {
  if (dim == 2) return {{2, -1}};
  return std::nullopt;
}

}  // namespace lrpp::ops
