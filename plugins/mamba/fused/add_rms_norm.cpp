#include <lrpp/framework/ops/norms.h>
#include <lrpp/plugins/mamba/fused/add_rms_norm.h>
#include <lrpp/plugins/mamba/kernels/rms_norm_op.h>

namespace lrpp::mamba {
namespace {

const ops::Norm& norm_of(const FusedParts& parts) {
  return dynamic_cast<const ops::Norm&>(*parts.parts().back().node.op);
}

/// Inputs: the residual stream and what is added to it, or the stream alone.
class AddRmsNorm final : public FusedOp {
 public:
  explicit AddRmsNorm(FusedParts parts) : FusedOp(std::move(parts)) {
    adds_ = this->parts().parts().size() == 2;
    weight_ = norm_of(this->parts()).weights().front().second;
    eps_ = norm_of(this->parts()).attributes()["eps"];
  }
  std::string_view type() const override { return adds_ ? "add_rms_norm" : "rms_norm"; }
  int num_inputs() const override { return adds_ ? 2 : 1; }
  int num_outputs() const override { return adds_ ? 3 : 2; }

  Tensors forward(const Tensors& inputs) const override {
    if (!adds_) {
      const auto [sum, normed, rstd] = add_rms_norm(inputs.at(0), std::nullopt, weight_, eps_);
      return {normed, rstd};
    }
    require(inputs.at(0).sizes() == inputs.at(1).sizes(), "add_rms_norm",
            "both addends must have the same shape; got {} and {}", shape_string(inputs[0].sizes()),
            shape_string(inputs[1].sizes()));
    const auto [sum, normed, rstd] = add_rms_norm(inputs[1], inputs[0], weight_, eps_);
    return {sum, normed, rstd};
  }

  Needs relevance_needs() const override { return Needs::only_outputs({adds_ ? 2 : 1}); }

  Tensors relevance(const Kept& kept, const Tensors& outputs) const override {
    const Tensor& m_normed = outputs.at(adds_ ? 1 : 0);
    const Tensor m_sum = adds_ ? outputs[0] : Tensor();
    if (!m_normed.defined()) return {m_sum, m_sum};
    const at::ScalarType wide = dtype_of(kept.input_meta(0)),
                         narrow = dtype_of(kept.input_meta(adds_ ? 1 : 0));
    const auto [m_residual, m_x] =
        add_rms_norm_relevance(m_sum.defined() ? std::optional(m_sum) : std::nullopt, m_normed,
                               kept.output(adds_ ? 2 : 1), weight_, wide, narrow);
    return adds_ ? Tensors{m_residual, m_x} : Tensors{m_residual};
  }

 private:
  static at::ScalarType dtype_of(const Meta& meta) { return c10::typeMetaToScalarType(meta.options.dtype()); }

  bool adds_ = false;
  Tensor weight_;
  double eps_ = 0;
};

/// Whether the node is a plain RMSNorm whose statistic its rule holds.
bool is_held_rms_norm(const Graph& graph, const std::vector<RulePtr>& rules, int index) {
  const Node& node = graph.node(index);
  if (node.op->type() != "rms_norm" || dynamic_cast<const ops::Norm*>(node.op.get()) == nullptr) return false;
  const Json attributes = node.op->attributes();
  return attributes["offset"] == 0 && attributes["groups"] == 1 && node.op->weights().size() == 1 &&
         is_rule(rules[static_cast<size_t>(index)], "constant-norm");
}

std::shared_ptr<const FusedOp> make(FusedParts parts) {
  return std::make_shared<AddRmsNorm>(std::move(parts));
}

std::optional<FusedGroup> match_add(const Graph& graph, const std::vector<RulePtr>& rules, int last) {
  if (!is_held_rms_norm(graph, rules, last)) return std::nullopt;
  const Value sum = graph.node(last).inputs.at(0);
  const Node& add = graph.node(sum.node);
  if (add.op->type() != "add" || !is_transpose(rules[static_cast<size_t>(sum.node)])) return std::nullopt;
  return FusedGroup{
      graph.node(last).name + ".fused_add", {sum.node, last}, add.inputs, {sum, {last, 0}}, make};
}

std::optional<FusedGroup> match_norm(const Graph& graph, const std::vector<RulePtr>& rules, int last) {
  if (!is_held_rms_norm(graph, rules, last)) return std::nullopt;
  return FusedGroup{graph.node(last).name + ".fused", {last}, graph.node(last).inputs, {{last, 0}}, make};
}

}  // namespace

Fusion add_rms_norm_fusion() {
  return {"add-rms-norm", "a residual addition and the RMSNorm after it, its statistic held", match_add};
}

Fusion rms_norm_fusion() { return {"rms-norm", "an RMSNorm, its statistic held", match_norm}; }

}  // namespace lrpp::mamba
