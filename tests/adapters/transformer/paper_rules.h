#pragma once

#include <lrpp/framework/tensor.h>

#include <utility>

// The rules of AttnLRP (Achtibat et al. 2024, arXiv:2402.05602) and of CP-LRP (Ali et al. 2022,
// arXiv:2202.07304) as the papers write them: relevance itself, shared row by row in proportion to
// contributions. They share nothing with the rules of the library, which carry multipliers.
namespace lrpp::testing::paper {

/// contributions [J,I] of inputs i to outputs z [J], relevance [J] -> R_i = sum_j c_ji / (z_j + e sign z_j)
/// R_j.
Tensor share(const Tensor& contributions, const Tensor& z, const Tensor& relevance, double epsilon);

/// The epsilon rule on z = x W^T + b: x [N,I], W [J,I], z and relevance [N,J] -> [N,I].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& z, const Tensor& relevance,
              double epsilon);

/// The epsilon rule on z = a + b, its epsilon taken to 0 -> relevance of a and of b.
std::pair<Tensor, Tensor> sum(const Tensor& a, const Tensor& b, const Tensor& relevance);

/// AttnLRP, proposition 3.3, for z = scale a b: a [T,K], b [K,J], relevance [T,J] -> of a and of b, half
/// each. Its epsilon is taken to 0.
std::pair<Tensor, Tensor> product(const Tensor& a, const Tensor& b, double scale, const Tensor& relevance);

/// CP-LRP, the rule for attention heads: z = p v with the shares p [T,S] held, v [S,J] -> of v.
Tensor held_shares(const Tensor& p, const Tensor& v, const Tensor& relevance);

/// AttnLRP, proposition 3.1: R_i = x_i (R_i - s_i sum_j R_j) in each row, s the softmax of what is seen of x.
Tensor softmax(const Tensor& x, const Tensor& s, const Tensor& relevance);

/// CP-LRP, the rule for LayerNorm: x_i counts (delta_ij - 1/N) x_i in x_j - mean, whose standard deviation is
/// held; weight and bias make a layer of their own. x [N,I], y = norm of x -> [N,I].
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& y, const Tensor& relevance,
                  double eps);

}  // namespace lrpp::testing::paper
