#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/diagonal.h>
#include <lrpp/framework/ops/experts.h>

#include <algorithm>
#include <limits>

namespace lrpp::ops {
namespace {

/// Where the tokens lie among the rows of the experts, which follow one another.
struct Routing {
  std::vector<int64_t> sizes;  ///< rows of each expert
  Tensor token;                ///< [B,N] the token of each row; 0 for padding
  Tensor padding;              ///< [B,N] bool
  Tensor row;                  ///< [B,T*k] the row of each token's choices
  bool padded = false;
};

void check_choice(std::string_view where, const Tensor& choice, int64_t experts) {
  require(choice.dim() == 3 && choice.scalar_type() == at::kLong, where,
          "the choice must be int64 of shape [B,T,k]; got {} {}", at::toString(choice.scalar_type()),
          shape_string(choice.sizes()));
  if (choice.numel() == 0) return;
  const int64_t low = choice.min().item<int64_t>(), high = choice.max().item<int64_t>();
  require(low >= 0 && high < experts, where, "the choice must lie in [0, {}); got {}", experts,
          low < 0 ? low : high);
}

/// The rows of each expert, and the tokens that choose it, example by example.
Routing find_routing(std::string_view where, const Tensor& choice, int64_t experts, at::Device device) {
  check_choice(where, choice, experts);
  const Tensor on_cpu = choice.to(at::kCPU).contiguous();
  const auto expert = on_cpu.accessor<int64_t, 3>();
  const int64_t B = on_cpu.size(0), T = on_cpu.size(1), k = on_cpu.size(2);
  Routing routing;
  routing.sizes.assign(static_cast<size_t>(experts), 0);
  for (int64_t b = 0; b < B; ++b) {
    std::vector<int64_t> count(static_cast<size_t>(experts), 0);
    for (int64_t t = 0; t < T; ++t)
      for (int64_t j = 0; j < k; ++j) ++count[static_cast<size_t>(expert[b][t][j])];
    for (size_t e = 0; e < count.size(); ++e) routing.sizes[e] = std::max(routing.sizes[e], count[e]);
  }
  std::vector<int64_t> begin(static_cast<size_t>(experts), 0);
  int64_t rows = 0;
  for (size_t e = 0; e < begin.size(); ++e) {
    begin[e] = rows;
    rows += routing.sizes[e];
  }
  routing.token = at::zeros({B, rows}, at::kLong);
  routing.padding = at::ones({B, rows}, at::kBool);
  routing.row = at::empty({B, T * k}, at::kLong);
  auto token = routing.token.accessor<int64_t, 2>(), row = routing.row.accessor<int64_t, 2>();
  auto padding = routing.padding.accessor<bool, 2>();
  for (int64_t b = 0; b < B; ++b) {
    std::vector<int64_t> next = begin;
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t j = 0; j < k; ++j) {
        const int64_t r = next[static_cast<size_t>(expert[b][t][j])]++;
        row[b][t * k + j] = r;
        token[b][r] = t;
        padding[b][r] = false;
      }
    }
  }
  routing.padded = B * T * k < B * rows;
  routing.token = to_device(routing.token, device);
  routing.padding = to_device(routing.padding, device);
  routing.row = to_device(routing.row, device);
  return routing;
}

/// x [B,S,D] at `index` [B,M] of its second dimension: [B,M,D].
Tensor rows_at(const Tensor& x, const Tensor& index) {
  const Tensor example = at::arange(index.size(0), index.options()).unsqueeze(1);
  return x.index(c10::List<std::optional<Tensor>>{example, index});
}

/// What each token's experts made of it: rows [B,N,D] -> [B,T,k,D].
Tensor chosen_rows(const Tensor& rows, const Routing& routing, int64_t k) {
  return rows_at(rows, routing.row).unflatten(1, {-1, k});
}

Tensor weighted_sum(const Tensor& rows, const Tensor& weights, const Routing& routing) {
  const auto wide = at::promote_types(rows.scalar_type(), weights.scalar_type());
  const Tensor made = chosen_rows(rows, routing, weights.size(2)).to(wide);
  return at::matmul(weights.to(wide).unsqueeze(2), made).squeeze(2).to(rows.scalar_type());
}

/// The way back: m [B,T,D] times its weight, at each row. Padding has the weight 0.
Tensor spread(const Tensor& m, const Tensor& weights, const Routing& routing) {
  Tensor of_row = at::zeros(routing.token.sizes(), weights.options());
  of_row.scatter_(1, routing.row, weights.flatten(1));
  return (rows_at(m, routing.token) * of_row.unsqueeze(2)).to(m.scalar_type());
}

class HeldWeights final : public LinearMap {
 public:
  HeldWeights(Tensor weights, Routing routing) : weights_(std::move(weights)), routing_(std::move(routing)) {}
  Tensor apply(const Tensor& x) const override { return weighted_sum(x, weights_, routing_); }
  Tensor transpose(const Tensor& m) const override { return spread(m, weights_, routing_); }

 private:
  Tensor weights_;
  Routing routing_;
};

void check_experts(std::string_view where, int64_t experts) {
  require(experts > 0, where, "experts must be positive; got {}", experts);
}

}  // namespace

ExpertChoice::ExpertChoice(ExpertChoiceAttributes attributes, Tensor bias)
    : attributes_(attributes), bias_(std::move(bias)) {
  const ExpertChoiceAttributes& a = attributes_;
  require(a.k > 0, "expert_choice", "k must be positive; got {}", a.k);
  require(a.groups > 0 && a.kept_groups > 0 && a.kept_groups <= a.groups, "expert_choice",
          "kept_groups must lie between 1 and groups; got {} of {}", a.kept_groups, a.groups);
  require(!bias_.defined() || bias_.dim() == 1, "expert_choice", "bias must have shape [E]; got {}",
          bias_.defined() ? shape_string(bias_.sizes()) : "");
}

void ExpertChoice::check(const Tensor& scores) const {
  const ExpertChoiceAttributes& a = attributes_;
  require(scores.dim() == 3, "expert_choice", "scores must have shape [B,T,E]; got {}",
          shape_string(scores.sizes()));
  const int64_t experts = scores.size(2);
  require(!bias_.defined() || bias_.size(0) == experts, "expert_choice",
          "the bias has {} entries, the scores {}", bias_.defined() ? bias_.size(0) : 0, experts);
  // A group is judged by its two best.
  require(a.groups == 1 || (experts % a.groups == 0 && experts / a.groups >= 2), "expert_choice",
          "{} groups must divide the experts into parts of at least 2; got {} experts", a.groups, experts);
  require(a.k <= experts / a.groups * a.kept_groups, "expert_choice",
          "{} experts of each token must be chosen from {} that are open", a.k,
          experts / a.groups * a.kept_groups);
}

Tensors ExpertChoice::forward(const Tensors& inputs) const {
  const Tensor& scores = inputs.at(0);
  check(scores);
  const ExpertChoiceAttributes& a = attributes_;
  Tensor ranking = bias_.defined() ? scores + bias_ : scores;
  if (a.kept_groups < a.groups) {
    const Tensor best = std::get<0>(at::topk(ranking.unflatten(2, {a.groups, -1}), 2, -1)).sum(-1);
    const Tensor open = std::get<1>(at::topk(best, a.kept_groups, -1));
    const Tensor closed = at::ones_like(best, at::kBool).scatter_(-1, open, false);
    const Tensor shut = closed.repeat_interleave(scores.size(2) / a.groups, -1);
    ranking = ranking.masked_fill(shut, -std::numeric_limits<double>::infinity());
  }
  const Tensor choice = std::get<1>(at::topk(ranking, a.k, -1));
  return {scores.gather(2, choice), choice.cpu()};
}

Tensors ExpertChoice::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  Tensor result = at::zeros(kept.input_meta(0).sizes, g.options());
  return {result.scatter_(2, to_device(kept.output(1), g.device()), g)};
}

NamedTensors ExpertChoice::weights() const {
  if (!bias_.defined()) return {};
  return {{"bias", bias_}};
}

ExpertDispatch::ExpertDispatch(ExpertsAttributes attributes) : attributes_(attributes) {
  check_experts("expert_dispatch", attributes_.experts);
}

Tensors ExpertDispatch::forward(const Tensors& inputs) const {
  const Tensor &x = inputs.at(0), &choice = inputs.at(1);
  const bool fits = x.dim() == 3 && choice.dim() == 3 && x.sizes().slice(0, 2) == choice.sizes().slice(0, 2);
  require(fits, "expert_dispatch", "tokens [B,T,D] need a choice [B,T,k]; got {} and {}",
          shape_string(x.sizes()), shape_string(choice.sizes()));
  const Routing routing = find_routing("expert_dispatch", choice, attributes_.experts, x.device());
  Tensor rows = rows_at(x, routing.token);
  if (routing.padded) rows.masked_fill_(routing.padding.unsqueeze(2), 0);
  return at::split_with_sizes(rows, routing.sizes, 1);
}

Tensors ExpertDispatch::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor rows = at::cat(filled(kept, grad_outputs), 1), &choice = kept.input(1);
  const Routing routing = find_routing("expert_dispatch", choice, attributes_.experts, rows.device());
  return {chosen_rows(rows, routing, choice.size(2)).sum(2), {}};
}

ExpertCombine::ExpertCombine(ExpertsAttributes attributes) : attributes_(attributes) {
  check_experts("expert_combine", attributes_.experts);
}

Tensors ExpertCombine::forward(const Tensors& inputs) const {
  const Tensor &rows = inputs.at(0), &choice = inputs.at(1), &weights = inputs.at(2);
  require(rows.dim() == 3 && choice.dim() == 3 && weights.sizes() == choice.sizes() &&
              rows.size(0) == choice.size(0),
          "expert_combine", "rows [B,N,D] need a choice and weights [B,T,k]; got {}, {} and {}",
          shape_string(rows.sizes()), shape_string(choice.sizes()), shape_string(weights.sizes()));
  const Routing routing = find_routing("expert_combine", choice, attributes_.experts, rows.device());
  require(routing.token.size(1) == rows.size(1), "expert_combine",
          "the choice makes {} rows of the experts; got {}", routing.token.size(1),
          shape_string(rows.sizes()));
  return {weighted_sum(rows, weights, routing)};
}

Tensors ExpertCombine::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor &g = grad_outputs.at(0), &rows = kept.input(0), &choice = kept.input(1);
  const Tensor& weights = kept.input(2);
  const Routing routing = find_routing("expert_combine", choice, attributes_.experts, rows.device());
  const Tensor made = chosen_rows(rows, routing, choice.size(2));
  return {spread(g, weights, routing), {}, at::matmul(made, g.unsqueeze(3)).squeeze(3)};
}

std::unique_ptr<LinearMap> ExpertCombine::linear_map(const Kept& kept, int data_input) const {
  const Tensor& weights = kept.input(2);
  return std::make_unique<HeldWeights>(
      weights, find_routing("expert_combine", kept.input(1), attributes_.experts, weights.device()));
}

Tensors SumNorm::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  return {x / (x.sum(-1, /*keepdim=*/true) + attributes_.eps)};
}

std::unique_ptr<LinearMap> SumNorm::linear_map(const Kept& kept, int data_input) const {
  const Tensor& x = kept.input(0);
  return std::make_unique<DiagonalMap>(1 / (x.sum(-1, /*keepdim=*/true) + attributes_.eps), Tensor());
}

}  // namespace lrpp::ops
