#include <lrpp/tests/adapters/transformer/paper_rules.h>

namespace lrpp::testing::paper {

Tensor share(const Tensor& contributions, const Tensor& z, const Tensor& relevance, double epsilon) {
  const Tensor sign = at::where(z >= 0, at::ones_like(z), -at::ones_like(z));
  return (contributions * (relevance / (z + epsilon * sign)).unsqueeze(1)).sum(0);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& z, const Tensor& relevance,
              double epsilon) {
  Tensor shared = at::zeros_like(x);
  for (int64_t n = 0; n < x.size(0); ++n) {
    shared[n] = share(weight * x[n], z[n], relevance[n], epsilon);
  }
  return shared;
}

std::pair<Tensor, Tensor> sum(const Tensor& a, const Tensor& b, const Tensor& relevance) {
  const Tensor z = a + b;
  Tensor at_a = at::zeros_like(a), at_b = at::zeros_like(b);
  for (int64_t n = 0; n < a.size(0); ++n) {
    at_a[n] = share(at::diag(a[n]), z[n], relevance[n], 0);
    at_b[n] = share(at::diag(b[n]), z[n], relevance[n], 0);
  }
  return {at_a, at_b};
}

std::pair<Tensor, Tensor> product(const Tensor& a, const Tensor& b, double scale, const Tensor& relevance) {
  Tensor at_a = at::zeros_like(a), at_b = at::zeros_like(b);
  for (int64_t t = 0; t < a.size(0); ++t) {
    const Tensor contributions = scale * a[t].unsqueeze(1) * b;  // [K,J]
    const Tensor shares = contributions / (2 * contributions.sum(0)) * relevance[t];
    at_a[t] = shares.sum(1);
    at_b += shares;
  }
  return {at_a, at_b};
}

Tensor held_shares(const Tensor& p, const Tensor& v, const Tensor& relevance) {
  Tensor at_v = at::zeros_like(v);
  for (int64_t t = 0; t < p.size(0); ++t) {
    const Tensor contributions = p[t].unsqueeze(1) * v;
    at_v += contributions / contributions.sum(0) * relevance[t];
  }
  return at_v;
}

Tensor softmax(const Tensor& x, const Tensor& s, const Tensor& relevance) {
  return x * (relevance - s * relevance.sum(-1, /*keepdim=*/true));
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& y, const Tensor& relevance,
                  double eps) {
  Tensor shared = at::zeros_like(x);
  const int64_t count = x.size(1);
  for (int64_t n = 0; n < x.size(0); ++n) {
    const Tensor centred = x[n] - x[n].mean();
    const Tensor normed = centred / (centred.square().mean() + eps).sqrt();
    const Tensor of_normed = share(at::diag(weight * normed), y[n], relevance[n], 0);
    const Tensor counts = at::eye(count, x.options()) - 1.0 / static_cast<double>(count);
    shared[n] = share(counts * x[n], centred, of_normed, 0);
  }
  return shared;
}

}  // namespace lrpp::testing::paper
