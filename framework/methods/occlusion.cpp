#include <lrpp/framework/methods/occlusion.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/replacement.h>
#include <lrpp/framework/ops/conv2d.h>

#include <algorithm>

namespace lrpp {
namespace {

/// A part of the input that is replaced as a whole: tokens, or rows and columns of pixels.
struct Part {
  int64_t top, bottom, left = 0, right = 0;

  Tensor of(const Tensor& values) const {
    if (values.dim() == 3) return values.slice(1, top, bottom);
    return values.slice(2, top, bottom).slice(3, left, right);
  }
};

/// Height and width of the patches that a model cuts its pixels into; nothing where it does not.
std::optional<std::pair<int64_t, int64_t>> own_patches(const Graph& graph) {
  if (!graph.tokens()) return std::nullopt;
  for (const Node& node : graph.nodes()) {
    const auto* tiles = dynamic_cast<const ops::Conv2d*>(node.op.get());
    if (tiles && node.inputs.at(0) == graph.attributed())
      return std::pair{tiles->weight().size(2), tiles->weight().size(3)};
  }
  return std::nullopt;
}

/// Where patches begin along one side, so that they reach its end: the last one is moved back to fit.
std::vector<int64_t> begins(int64_t side, int64_t patch, int64_t stride) {
  std::vector<int64_t> result;
  for (int64_t at = 0; at + patch < side; at += stride) result.push_back(at);
  result.push_back(side - patch);
  return result;
}

std::vector<Part> cut(const Graph& graph, const Tensor& values, const OcclusionParameters& parameters) {
  std::vector<Part> parts;
  if (values.dim() == 3) {
    for (int64_t t = 0; t < values.size(1); ++t) parts.push_back({t, t + 1});
    return parts;
  }
  const int64_t height = values.size(2), width = values.size(3);
  const int64_t side = std::max<int64_t>(1, std::min(height, width) / 14);
  auto [tall, wide] = own_patches(graph).value_or(std::pair{side, side});
  if (parameters.patch > 0) tall = wide = parameters.patch;
  require(tall <= height && wide <= width, "method occlusion",
          "'patch' must fit into the image, {} x {}; got {}", height, width, parameters.patch);
  const int64_t down = parameters.stride > 0 ? parameters.stride : tall;
  const int64_t right = parameters.stride > 0 ? parameters.stride : wide;
  require(down <= tall && right <= wide, "method occlusion",
          "'stride' must be at most the side of a patch, {}, so that no pixel is left out; got {}",
          std::min(tall, wide), parameters.stride);
  for (int64_t top : begins(height, tall, down)) {
    for (int64_t left : begins(width, wide, right)) parts.push_back({top, top + tall, left, left + wide});
  }
  return parts;
}

/// The worth of each patch [R, parts], on its pixels: [R,C,H,W].
Tensor on_pixels(const std::vector<Part>& parts, const Tensor& worth, const Tensor& values) {
  std::vector<int64_t> sizes = values.sizes().vec();
  sizes[0] = worth.size(0);
  Tensor relevance = at::zeros(sizes, worth.options());
  Tensor covers = at::zeros({1, 1, sizes[2], sizes[3]}, worth.options());
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto pixels = static_cast<double>(parts[i].of(values[0].unsqueeze(0)).numel());
    parts[i].of(relevance).add_((worth.select(1, static_cast<int64_t>(i)) / pixels).view({-1, 1, 1, 1}));
    parts[i].of(covers).add_(1);
  }
  return relevance / covers;
}

}  // namespace

Occlusion::Occlusion(OcclusionParameters parameters) : MethodWith(std::move(parameters)) {
  require(parameters_.patch >= 0 && parameters_.stride >= 0, "method occlusion",
          "'patch' and 'stride' must be at least 0; got {} and {}", parameters_.patch, parameters_.stride);
  versions_together(parameters_.batch, 1);
}

std::string Occlusion::rejects(const Model& model) const {
  if (model.image || (parameters_.patch == 0 && parameters_.stride == 0)) return {};
  return "it reads text, which is replaced token by token; 'patch' and 'stride' are for images";
}

Attribution Occlusion::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                               const ExplainOptions& options) const {
  require_serves(*this, model);
  const auto plan = plans_.of(model.graph, [&](const Graph& graph) {
    return make_forward_plan(fed_with_values(graph), model.composite);
  });
  Probe probe(model, *plan, inputs, options);
  const Tensor x = probe.values;
  const Tensor instead = replacement(model, parameters_.replacement, x).expand_as(x);
  const std::vector<Part> parts = cut(model.graph, x, parameters_);
  const auto count = static_cast<int64_t>(parts.size());
  const int64_t together = std::min(count, versions_together(parameters_.batch, probe.examples()));
  Tensors scores;
  for (int64_t done = 0; done < count; done += together) {
    const int64_t end = std::min(done + together, count);
    const Tensor changed = x.unsqueeze(1).repeat_interleave(end - done, 1);  // [B, S,...]
    for (int64_t i = done; i < end; ++i) {
      const Part& part = parts[static_cast<size_t>(i)];
      part.of(changed.select(1, i - done)).copy_(part.of(instead));
    }
    scores.push_back(probe.scores(*plan, changed.flatten(0, 1)));
    if (options.progress) options.progress(end, count);
  }
  const Tensor without = at::cat(scores, 1).transpose(1, 2).flatten(0, 1);  // [R, parts]
  const Tensor worth = probe.attribution.score.unsqueeze(1) - without;
  if (x.dim() == 3) return std::move(probe).finish_tokens(model.graph, worth, options.start);
  return std::move(probe).finish(on_pixels(parts, worth, x), options.start);
}

}  // namespace lrpp
