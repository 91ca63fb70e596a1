#include <lrpp/plugins/mamba/fused/mixer.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>

#include <set>

namespace lrpp::mamba {
namespace {

/// Reads a graph from a node towards its inputs.
class Reader {
 public:
  Reader(const Graph& graph, const std::vector<RulePtr>& rules) : graph_(graph), rules_(rules) {}
  const Node& node(Value v) const { return graph_.node(v.node); }
  const RulePtr& rule(Value v) const { return rules_[static_cast<size_t>(v.node)]; }
  bool is(Value v, std::string_view type) const { return node(v).op->type() == type; }
  Value input(Value v, size_t k) const { return node(v).inputs.at(k); }
  bool is_held_silu(Value v) const { return is(v, "silu") && is_rule(rule(v), "identity", "stabilizer", 0); }

  /// Adds to `found` all nodes between `from` and the outputs of `until`; false where a path leads elsewhere.
  bool collect(int from, int until, std::set<int>& found) const {
    if (from == until || found.contains(from)) return true;
    const Node& node = graph_.node(from);
    if (from < until || node.inputs.empty()) return false;
    found.insert(from);
    for (const Value& v : node.inputs) {
      if (!collect(v.node, until, found)) return false;
    }
    return true;
  }

 private:
  const Graph& graph_;
  const std::vector<RulePtr>& rules_;
};

std::optional<FusedGroup> match_mixer(const Graph& graph, const std::vector<RulePtr>& rules, int last) {
  const Reader reader(graph, rules);
  const Value gated{last, 0};
  if (!reader.is(gated, "gate") || !is_rule(reader.rule(gated), "half")) return std::nullopt;
  const Value y = reader.input(gated, 0), gate = reader.input(gated, 1);
  if (!reader.is(y, "selective_scan") || !is_rule(reader.rule(y), "hold")) return std::nullopt;
  if (!reader.is_held_silu(gate)) return std::nullopt;
  const Value u = reader.input(y, 0), dt = reader.input(y, 1);
  if (!reader.is(dt, "softplus") || !reader.is_held_silu(u)) return std::nullopt;
  const Value convolved = reader.input(u, 0);
  if (!reader.is(convolved, "conv1d") || !is_transpose(reader.rule(convolved))) return std::nullopt;
  const Value x = reader.input(convolved, 0), z = reader.input(gate, 0);
  if (!reader.is(x, "split") || x.node != z.node || x.output != 0 || z.output != 1) return std::nullopt;
  if (reader.node(x).op->num_outputs() != 2 || !is_transpose(reader.rule(x))) return std::nullopt;

  std::set<int> nodes{x.node};
  if (!reader.collect(last, x.node, nodes)) return std::nullopt;
  FusedGroup group;
  const std::string& name = reader.node(gated).name;
  group.name = name.substr(0, name.rfind('.')) + ".fused_mixer";
  group.nodes.assign(nodes.begin(), nodes.end());
  group.inputs = {reader.input(x, 0)};
  group.outputs = {gated};
  const auto local = [&](Value v) {
    return Value{static_cast<int>(std::distance(nodes.begin(), nodes.find(v.node))), v.output};
  };
  const FusedMixer::Layout layout{local(u), local(reader.input(dt, 0)), local(reader.input(y, 2)),
                                  local(reader.input(y, 3))};
  const int conv1d = local(convolved).node, scan = local(y).node;
  group.make = [=](FusedParts parts) {
    return std::make_shared<FusedMixer>(std::move(parts), conv1d, scan, layout);
  };
  return group;
}

}  // namespace

FusedMixer::FusedMixer(FusedParts parts, int conv1d, int scan, Layout layout)
    : FusedOp(std::move(parts)), layout_(layout) {
  const auto& convolution = dynamic_cast<const Conv1d&>(*this->parts().part(conv1d).node.op);
  // As the kernels read them: converted once.
  const auto wide = at::promote_types(convolution.taps().scalar_type(), at::kFloat);
  taps_ = convolution.taps().to(wide);
  if (convolution.bias().defined()) bias_ = convolution.bias().to(wide);
  const auto& selective_scan = dynamic_cast<const SelectiveScan&>(*this->parts().part(scan).node.op);
  A_ = selective_scan.A();
  D_ = selective_scan.D();
}

Tensors FusedMixer::forward(const Tensors& inputs) const {
  const Tensors halves = inputs.at(0).chunk(2, -1);
  FusedParts::Known known{{layout_.u, conv1d(halves[0], taps_, bias_, /*silu=*/true)}};
  const auto value = [&](Value v) { return parts().compute(v, inputs, known); };
  const Tensor raw_dt = value(layout_.raw_dt), b = value(layout_.b), c = value(layout_.c);
  const auto [gated, y] = gated_scan(known.at(layout_.u), raw_dt, A_, b, c, D_, halves[1]);
  return {gated, y, raw_dt, b, c};
}

Tensors FusedMixer::relevance(const Kept& kept, const Tensors& outputs) const {
  const Tensor& both = kept.input(0);
  const Tensors halves = both.chunk(2, -1);
  const Tensor& m = outputs.at(0);
  std::vector<int64_t> sizes = both.sizes().vec();
  sizes[0] = m.size(0);
  const Tensor result = at::empty(sizes, m.options());
  const Tensors parts = result.chunk(2, -1);
  const Tensor m_u = gated_scan_relevance(m, kept.output(2), A_, kept.output(3), kept.output(4), D_,
                                          kept.output(1), halves[1], parts[1]);
  conv1d_silu_relevance(m_u, halves[0], taps_, bias_, parts[0]);
  return {result};
}

Fusion mixer_fusion() {
  return {"mamba-mixer", "a Mamba mixer between its projections, under MambaLRP's rules", match_mixer};
}

}  // namespace lrpp::mamba
