#include <lrpp/framework/evaluation/features.h>
#include <lrpp/framework/ops/conv2d.h>

#include <algorithm>

namespace lrpp::evaluation {
namespace {

int64_t patches_along(int64_t side, int64_t patch) { return (side + patch - 1) / patch; }

}  // namespace

Tensor Features::relevance(const Attribution& attribution) const {
  if (tokens.defined()) {
    require(attribution.relevance_token.defined(), "evaluation",
            "the explanation has no relevance of tokens");
    return attribution.relevance_token.index_select(1, tokens.to(attribution.relevance_token.device()))
        .to(at::kCPU, at::kDouble);
  }
  require(attribution.relevance.dim() == 4, "evaluation",
          "the explanation has no relevance of pixels; got {}", shape_string(attribution.relevance.sizes()));
  return sum_patches(attribution.relevance.to(at::kCPU, at::kDouble), patch);
}

int64_t default_patch(const Model& model, int64_t height, int64_t width) {
  if (model.graph.tokens()) {
    for (const Node& node : model.graph.nodes()) {
      const auto* tiles = dynamic_cast<const ops::Conv2d*>(node.op.get());
      if (tiles == nullptr || node.inputs.at(0) != model.graph.attributed()) continue;
      if (tiles->weight().size(2) == tiles->weight().size(3)) return tiles->weight().size(2);
    }
  }
  return std::max<int64_t>(1, std::min(height, width) / 14);
}

Tensor sum_patches(const Tensor& pixels, int64_t patch) {
  require(patch >= 1, "evaluation", "a patch must be at least 1 pixel wide; got {}", patch);
  const int64_t down = patches_along(pixels.size(2), patch), right = patches_along(pixels.size(3), patch);
  const Tensor whole = at::constant_pad_nd(
      pixels.sum(1), {0, right * patch - pixels.size(3), 0, down * patch - pixels.size(2)});
  return whole.view({-1, down, patch, right, patch}).sum({2, 4}).flatten(1);
}

Tensor spread_patches(const Tensor& features, int64_t patch, int64_t height, int64_t width) {
  const int64_t right = patches_along(width, patch);
  return features.unflatten(1, {-1, right})
      .repeat_interleave(patch, 1)
      .repeat_interleave(patch, 2)
      .slice(1, 0, height)
      .slice(2, 0, width)
      .unsqueeze(1);
}

}  // namespace lrpp::evaluation
