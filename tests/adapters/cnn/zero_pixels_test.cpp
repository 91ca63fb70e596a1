// Black pixels on a whole CNN: what flat, w-square and z-box give to inputs of 0 arrives there.
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/tests/adapters/cnn/cases.h>
#include <lrpp/tests/support/every_composite.h>

#include <functional>

namespace lrpp {
namespace {

using namespace testing;

/// The graph with relevance read out at the output of `node` instead of at its input.
Graph read_out_at(const Graph& graph, const std::string& node) {
  GraphBuilder builder;
  std::vector<std::vector<Value>> values;
  for (const Node& n : graph.nodes()) {
    std::vector<Value> inputs;
    for (const Value& v : n.inputs)
      inputs.push_back(values.at(static_cast<size_t>(v.node)).at(static_cast<size_t>(v.output)));
    values.push_back(graph.inputs().contains(n.name) ? std::vector<Value>{builder.input(n.name)}
                                                     : builder.add_multi(n.name, n.op, inputs));
  }
  const auto at = [&](int index) { return values.at(static_cast<size_t>(index)).at(0); };
  return std::move(builder).finish(at(graph.find(node)), at(graph.output().node));
}

/// How much each pixel of a patch [C,k,k] counts for an output with these weights [C,k,k].
using Counts = std::function<Tensor(const Tensor& patch, const Tensor& weight)>;

/// The sum of the papers: each output shares its relevance among the pixels that it sees, by what they count.
Tensor shared(const ops::Conv2d& conv, const Tensor& pixels, const Tensor& relevance, const Counts& counts,
              const Tensor& bias_counts) {
  const int64_t stride = conv.options().stride[0], padding = conv.options().padding[0];
  const int64_t k = conv.weight().size(2);
  const std::vector<int64_t> around(4, padding);
  const Tensor x = at::constant_pad_nd(pixels, around);
  const Tensor inside = at::constant_pad_nd(at::ones_like(pixels), around);
  Tensor result = at::zeros_like(x);
  for (int64_t o = 0; o < relevance.size(0); ++o) {
    for (int64_t i = 0; i < relevance.size(1); ++i) {
      for (int64_t j = 0; j < relevance.size(2); ++j) {
        const auto patch = [&](const Tensor& t) {
          return t.slice(1, i * stride, i * stride + k).slice(2, j * stride, j * stride + k);
        };
        const Tensor count = counts(patch(x), conv.weight()[o]) * patch(inside);
        const double z = (count.sum() + bias_counts[o]).item<double>();
        patch(result).add_(count * relevance[o][i][j], 1 / (z + (z >= 0 ? 1e-6 : -1e-6)));
      }
    }
  }
  return result.slice(1, padding, x.size(1) - padding).slice(2, padding, x.size(2) - padding);
}

TEST(BlackPixels, GetTheirShare) {
  const std::string name = "zennit/vgg-epsilon-plus", first = "features.0";
  const Model model = load_case(name);
  const auto& conv = static_cast<const ops::Conv2d&>(*model.graph.node(model.graph.find(first)).op);
  auto tensors = case_tensors(name);
  Tensor pixels = tensors.at("pixel_values").slice(0, 0, 1).clone();
  pixels.slice(3, 0, pixels.size(3) / 2).zero_();
  tensors = {{"pixel_values", pixels}};
  const Registry registry = builtin_registry();
  Model inner = model;
  inner.graph = read_out_at(model.graph, first);
  const Tensor at_first = explain_case(inner, "epsilon-plus", tensors).relevance[0];

  struct Case {
    std::string rule;
    Json parameters;
    Counts counts;
    Tensor bias_counts;
  };
  const Tensor none = at::zeros_like(conv.bias());
  const std::vector<Case> cases{
      {"flat", Json::object(), [](const Tensor& x, const Tensor&) { return at::ones_like(x); }, none},
      {"w-square", Json::object(), [](const Tensor&, const Tensor& w) { return w.square(); },
       conv.bias().square()},
      {"z-box",
       {{"low", {-4}}, {"high", {5}}},
       [](const Tensor& x, const Tensor& w) { return x * w + 4 * w.clamp_min(0) - 5 * w.clamp_max(0); },
       none}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.rule);
    Composite composite = registry.make_composite("epsilon-plus");
    composite.entries.insert(composite.entries.begin(),
                             {Match{.name = first}, registry.make_rule(c.rule, c.parameters)});
    const Attribution a = explain_case(model, composite, tensors, /*audit=*/true);
    const Tensor expected = shared(conv, pixels[0].to(at::kDouble), at_first, c.counts, c.bias_counts);
    // Sums of some hundred terms in float64, in another order.
    EXPECT_LT(relative_difference(a.relevance[0], expected), 1e-12);
    const Tensor black = a.relevance.slice(3, 0, pixels.size(3) / 2);
    EXPECT_GT((black.abs() / a.relevance.abs().max()).max().item<double>(), 1e-2);
    expect_balance(registry, *a.ledger);
  }
}

}  // namespace
}  // namespace lrpp
