#include <lrpp/framework/graph_edit.h>
#include <lrpp/framework/ops/batch_norm.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/dropout.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/rules/canonizers.h>

namespace lrpp::rules {
namespace {

/// A layer's weight and bias with the batch norm behind it folded in.
struct Folded {
  Folded(const Tensor& w, const Tensor& b, const ops::BatchNorm& norm) {
    std::vector<int64_t> rows(static_cast<size_t>(w.dim()), 1);
    rows[0] = -1;
    weight = (w.to(at::kDouble) * norm.gain().reshape(rows)).to(w.scalar_type());
    bias = norm.shift();
    if (b.defined()) bias = bias + b.to(at::kDouble) * norm.gain();
    bias = bias.to(w.scalar_type());
  }
  Tensor weight, bias;
};

/// `layer` with `norm` folded in, or null where it is no layer that can take it.
OpPtr fold(const Op& layer, const ops::BatchNorm& norm) {
  if (const auto* conv = dynamic_cast<const ops::Conv2d*>(&layer)) {
    if (conv->weight().size(0) != norm.gain().size(0)) return nullptr;
    const Folded folded(conv->weight(), conv->bias(), norm);
    return std::make_shared<ops::Conv2d>(folded.weight, folded.bias, conv->options());
  }
  if (const auto* linear = dynamic_cast<const ops::Linear*>(&layer)) {
    if (linear->weight().size(0) != norm.gain().size(0)) return nullptr;
    const Folded folded(linear->weight(), linear->bias(), norm);
    return std::make_shared<ops::Linear>(folded.weight, folded.bias);
  }
  return nullptr;
}

Graph merge_batch_norms(const Graph& graph, std::vector<std::string>& changes) {
  GraphEdit edit(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const auto* norm = dynamic_cast<const ops::BatchNorm*>(graph.node(i).op.get());
    if (norm == nullptr) continue;
    const int layer = graph.node(i).inputs[0].node;
    if (edit.only_reader(layer) != i) continue;
    OpPtr folded = fold(*graph.node(layer).op, *norm);
    if (folded == nullptr) continue;
    edit.replace(layer, std::move(folded));
    edit.bypass(i);
    changes.push_back(graph.node(layer).name);
    changes.push_back(graph.node(i).name);
  }
  return edit.apply();
}

Graph remove_dropouts(const Graph& graph, std::vector<std::string>& changes) {
  GraphEdit edit(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    if (dynamic_cast<const ops::Dropout*>(graph.node(i).op.get()) == nullptr) continue;
    edit.bypass(i);
    changes.push_back(graph.node(i).name);
  }
  return edit.apply();
}

}  // namespace

Canonizer merge_batch_norm() {
  return {"merge-batch-norm", "batch norms folded into the convolution or linear layer before them",
          merge_batch_norms};
}

Canonizer remove_dropout() {
  return {"remove-dropout", "dropout taken out, which a trained model does not do", remove_dropouts};
}

void register_canonizers(Registry& registry) {
  registry.add_canonizer(merge_batch_norm());
  registry.add_canonizer(remove_dropout());
}

}  // namespace lrpp::rules
