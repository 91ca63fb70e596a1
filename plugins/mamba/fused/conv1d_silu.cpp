#include <lrpp/plugins/mamba/fused/conv1d_silu.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>

namespace lrpp::mamba {
namespace {

class Conv1dSilu final : public FusedOp {
 public:
  explicit Conv1dSilu(FusedParts parts) : FusedOp(std::move(parts)) {
    const auto& convolution = dynamic_cast<const Conv1d&>(*this->parts().part(0).node.op);
    // As the kernels read them: converted once.
    const auto wide = at::promote_types(convolution.taps().scalar_type(), at::kFloat);
    taps_ = convolution.taps().to(wide);
    if (convolution.bias().defined()) bias_ = convolution.bias().to(wide);
  }
  std::string_view type() const override { return "conv1d_silu"; }
  Tensors forward(const Tensors& inputs) const override {
    return {conv1d(inputs.at(0), taps_, bias_, /*silu=*/true)};
  }
  Needs relevance_needs() const override { return Needs::only_inputs({0}); }
  Tensors relevance(const Kept& kept, const Tensors& outputs) const override {
    const Tensor result = at::empty_like(outputs.at(0), at::MemoryFormat::Contiguous);
    conv1d_silu_relevance(outputs.at(0), kept.input(0), taps_, bias_, result);
    return {result};
  }

 private:
  Tensor taps_;
  std::optional<Tensor> bias_;
};

std::optional<FusedGroup> match(const Graph& graph, const std::vector<RulePtr>& rules, int last) {
  const Node& silu = graph.node(last);
  if (silu.op->type() != "silu" || !is_rule(rules[static_cast<size_t>(last)], "identity", "stabilizer", 0)) {
    return std::nullopt;
  }
  const int first = silu.inputs.at(0).node;
  if (graph.node(first).op->type() != "conv1d" || !is_transpose(rules[static_cast<size_t>(first)]))
    return std::nullopt;
  return FusedGroup{silu.name + ".fused_conv1d",
                    {first, last},
                    graph.node(first).inputs,
                    {Value{last, 0}},
                    [](FusedParts parts) { return std::make_shared<Conv1dSilu>(std::move(parts)); }};
}

}  // namespace

Fusion conv1d_silu_fusion() {
  return {"conv1d-silu", "a causal convolution and the SiLU after it, its factor held", match};
}

}  // namespace lrpp::mamba
