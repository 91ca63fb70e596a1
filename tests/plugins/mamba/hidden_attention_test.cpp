// The hidden attention of recurrences against the formula of its paper, the recurrence itself and autograd.
#include <c10/core/GradMode.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/kernels/ssd.h>
#include <lrpp/plugins/mamba/methods/hidden_attention.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>
#include <lrpp/plugins/mamba/ops/ssd.h>
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/support/models.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp {
namespace {

using namespace testing;
using namespace mamba;

/// What a scan reads: x, dt after softplus, B and C.
Tensors scan_inputs(int64_t batch, int64_t tokens, int64_t data, int64_t steps, int64_t states) {
  return {random({batch, tokens, data}, 1), at::softplus(random({batch, tokens, steps}, 2) - 1),
          random({batch, tokens, states}, 3), random({batch, tokens, states}, 4)};
}

/// alpha_ij = C_i (exp(dt_{j+1} A) ... exp(dt_i A)) dt_j B_j, product by product: [B,T,T,E]. Of Mamba-1 A is
/// [E,N] and all channels share B and C; of Mamba-2 it is [H], and B and C [B,T,G*N] are of `groups`.
Tensor explicit_alpha(const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C, int64_t groups) {
  const int64_t batch = dt.size(0), tokens = dt.size(1), channels = dt.size(2);
  const auto of_channels = [&](const Tensor& t) {  // [B,T,G*N] -> [B,T,E,N]
    return t.unflatten(2, {groups, -1}).repeat_interleave(channels / groups, 2);
  };
  const Tensor b = of_channels(B), c = of_channels(C), a = A.dim() == 2 ? A : A.unsqueeze(1);
  Tensor alpha = at::zeros({batch, tokens, tokens, channels}, dt.options());
  for (int64_t j = 0; j < tokens; ++j) {
    Tensor carried = dt.select(1, j).unsqueeze(-1) * b.select(1, j);  // [B,E,N]
    for (int64_t i = j; i < tokens; ++i) {
      if (i > j) carried = at::exp(dt.select(1, i).unsqueeze(-1) * a) * carried;
      alpha.select(1, i).select(1, j).copy_((c.select(1, i) * carried).sum(-1));
    }
  }
  return alpha;
}

/// All columns, from the op.
Tensor alpha_of(const Op& op, const Tensors& inputs) {
  const HiddenAttention attention(op, Kept::all(inputs, {}));
  const int64_t T = attention.tokens();
  Tensor alpha = at::zeros({inputs[1].size(0), T, T, attention.channels()}, at::kDouble);
  for (int64_t begin = 0; begin < T; begin += 3) {
    const int64_t end = std::min(begin + 3, T);
    alpha.slice(1, begin).slice(2, begin, end).copy_(attention.columns(begin, end).transpose(1, 2));
  }
  return alpha;
}

TEST(HiddenAttention, OfMambaIsThePapersFormulaAndMakesTheScansOutput) {
  const Tensor A_log = random({6, 4}, 5), D = random({6}, 6);
  const SelectiveScan scan(A_log, D);
  const Tensors inputs = scan_inputs(2, 11, 6, 6, 4);
  const Tensor alpha = alpha_of(scan, inputs);
  // Float64: products of eleven decays.
  EXPECT_LT(relative_difference(alpha, explicit_alpha(inputs[1], -A_log.exp(), inputs[2], inputs[3], 1)),
            1e-13);
  const Tensor y = at::einsum("bije,bje->bie", {alpha, inputs[0]}) + D * inputs[0];
  EXPECT_LT(relative_difference(y, scan.forward(inputs)[0]), 1e-10);
}

TEST(HiddenAttention, OfMamba2IsOneForEachHead) {
  const Tensor A_log = random({4}, 5), D = random({4}, 6);
  const Ssd ssd(A_log, D, /*groups=*/2);
  const Tensors inputs = scan_inputs(2, 70, 12, 4, 6);  // more tokens than a chunk of the recurrence has
  const Tensor alpha = alpha_of(ssd, inputs);
  EXPECT_LT(relative_difference(alpha, explicit_alpha(inputs[1], -A_log.exp(), inputs[2], inputs[3], 2)),
            1e-12);
  const Tensor x = inputs[0].unflatten(2, {4, 3});
  const Tensor y = at::einsum("bijh,bjhp->bihp", {alpha, x}) + D.view({4, 1}) * x;
  EXPECT_LT(relative_difference(y.flatten(2), ssd.forward(inputs)[0]), 1e-10);
}

/// The scans of a model and its logits, where scans are computed from explicit matrices alpha that autograd
/// sees. Attention weights of hybrids are seen too.
struct ExplicitRun {
  Tensor logits;
  std::vector<int> nodes;
  Tensors seen, xs;  ///< alpha [B,T,T,E] and x [B,T,E,P]; weights [B,H,T,T] and undefined
};

/// The first layers' matrices rest on nothing that autograd follows.
Tensor recorded(const Tensor& matrix) {
  return matrix.requires_grad() ? matrix : matrix.requires_grad_(true);
}

ExplicitRun run_explicitly(const Model& model, const std::map<std::string, Tensor>& inputs) {
  const c10::AutoGradMode with_grad(true);
  const Graph& graph = model.graph;
  std::vector<Tensors> values(graph.nodes().size());
  ExplicitRun run;
  for (size_t i = 0; i < values.size(); ++i) {
    const Node& node = graph.nodes()[i];
    Tensors in;
    for (const Value& v : node.inputs)
      in.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
    const std::string_view type = node.op->type();
    if (const auto given = inputs.find(node.name); given != inputs.end()) {
      values[i] = {given->second};
    } else if (type == "selective_scan" || type == "ssd") {
      const auto* ssd = dynamic_cast<const Ssd*>(node.op.get());
      const NamedTensors weights = node.op->weights();
      const Tensor A = -weights[0].second.exp(), D = weights[1].second;
      const Tensor alpha = recorded(explicit_alpha(in[1], A, in[2], in[3], ssd ? ssd->groups() : 1));
      const Tensor x = in[0].unflatten(2, {D.size(0), -1});
      values[i] = {(at::einsum("bije,bjep->biep", {alpha, x}) + D.unsqueeze(-1) * x).flatten(2)};
      run.nodes.push_back(static_cast<int>(i));
      run.seen.push_back(alpha);
      run.xs.push_back(x.detach());
    } else if (type == "softmax" && in[0].dim() == 4) {
      const Tensor weights = recorded(node.op->forward(in)[0]);
      values[i] = {weights};
      run.nodes.push_back(static_cast<int>(i));
      run.seen.push_back(weights);
      run.xs.emplace_back();
    } else {
      values[i] = differentiable_forward(node, in);
    }
  }
  const Value out = graph.output();
  run.logits = values[static_cast<size_t>(out.node)][static_cast<size_t>(out.output)];
  return run;
}

/// Seen from the token that answers, with I + A for each layer; `divide`: by the magnitudes of its rows.
Tensor product(const Tensors& layers, const Tensor& answer, bool divide) {
  Tensor rows = answer;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    Tensor step = *layer + at::eye(layer->size(1), layer->options());
    if (divide) step = step / step.abs().sum(-1, /*keepdim=*/true);
    rows = at::einsum("bi,bij->bj", {rows, step});
  }
  return rows;
}

Tensor last_token(const std::map<std::string, Tensor>& inputs) {
  const Tensor& ids = inputs.at("input_ids");
  return at::zeros(ids.sizes(), at::kDouble).scatter_(1, inputs.at("position").view({-1, 1}), 1);
}

class MambaRollout : public ::testing::TestWithParam<std::string> {
 protected:
  MambaRollout() : model_(load_case(GetParam())), inputs_(case_inputs(model_, case_tensors(GetParam()))) {}
  Attribution explained(const char* method) const {
    return builtin_registry().make_method(method)->explain(model_, inputs_, {});
  }
  Model model_;
  std::map<std::string, Tensor> inputs_;
};

TEST_P(MambaRollout, IsTheProductOfTheMeanOverChannels) {
  const ExplicitRun run = run_explicitly(model_, inputs_);
  Tensors layers;
  for (size_t i = 0; i < run.seen.size(); ++i)
    layers.push_back(run.xs[i].defined() ? run.seen[i].detach().mean(-1) : run.seen[i].detach().mean(1));
  const Attribution a = explained("mamba-attention-rollout");
  EXPECT_LT(relative_difference(a.logits, run.logits.detach()), 1e-11) << "explicit matrices are the model";
  EXPECT_LT(relative_difference(a.relevance_token, product(layers, last_token(inputs_), true)), 1e-10);
}

TEST_P(MambaRollout, WeightedByTheGradientOfTheHiddenAttention) {
  const ExplicitRun run = run_explicitly(model_, inputs_);
  const Tensor seed = at::zeros_like(run.logits).scatter_(1, run.logits.argmax(1, true), 1);
  // The plain gradient: what a layer changes reaches the output through the matrices of later layers too.
  const Tensors gradients = torch::autograd::grad({run.logits}, run.seen, {seed});
  Tensors layers;
  for (size_t i = 0; i < run.seen.size(); ++i) {
    if (!run.xs[i].defined()) {
      layers.push_back((gradients[i] * run.seen[i].detach()).clamp_min(0).mean(1));
      continue;
    }
    // The gradient by a head's alpha is the sum over its channels p; each channel is weighted on its own, so
    // that the positive part is taken before the sum. g_i x_j of one channel follows from Mamba-1, where a
    // head is one channel.
    ASSERT_EQ(run.xs[i].size(-1), 1) << "the oracle is for one channel a head";
    layers.push_back((gradients[i] * run.seen[i].detach()).clamp_min(0).mean(-1));
  }
  const Attribution a = explained("mamba-attribution");
  EXPECT_LT(relative_difference(a.relevance_token, product(layers, last_token(inputs_), false)), 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Cases, MambaRollout,
                         ::testing::Values("hf-forward/mamba-tied", "hf-forward/falcon-mamba",
                                           "mamba-official/classifier", "hf-forward/jamba"),
                         test_name);

TEST(MambaRollout, OfMamba2AverageHeads) {
  for (const char* name : {"hf-forward/mamba2", "hf-forward/bamba", "hf-forward/zamba2"}) {
    SCOPED_TRACE(name);
    const Model model = load_case(name);
    const auto inputs = case_inputs(model, case_tensors(name));
    const ExplicitRun run = run_explicitly(model, inputs);
    Tensors layers;
    for (size_t i = 0; i < run.seen.size(); ++i)
      layers.push_back(run.xs[i].defined() ? run.seen[i].detach().mean(-1) : run.seen[i].detach().mean(1));
    const auto a = builtin_registry().make_method("mamba-attention-rollout")->explain(model, inputs, {});
    EXPECT_LT(relative_difference(a.logits, run.logits.detach()), 1e-10);
    EXPECT_LT(relative_difference(a.relevance_token, product(layers, last_token(inputs), true)), 1e-10);
  }
}

TEST(MambaRollout, TwoDirectionsAreTheMeanOfTheirMatricesInTheOrderOfTheTokens) {
  for (const char* name : {"vim-options/no-cls-mean", "caduceus/ph-classifier"}) {
    SCOPED_TRACE(name);
    const Model model = load_case(name);
    const auto inputs = case_inputs(model, case_tensors(name));
    const ExplicitRun run = run_explicitly(model, inputs);
    Tensors layers;
    for (size_t i = 0; i + 1 < run.seen.size(); i += 2) {
      // The second of each two reads from the end.
      const Tensor ahead = run.seen[i].detach().mean(-1),
                   back = run.seen[i + 1].detach().mean(-1).flip({1, 2});
      EXPECT_TRUE(ahead.triu(1).eq(0).all().item<bool>() && back.tril(-1).eq(0).all().item<bool>());
      layers.push_back((ahead + back) / 2);
    }
    const int64_t batch = layers[0].size(0), tokens = layers[0].size(1);
    const Tensor answer = at::full({batch, tokens}, 1.0 / static_cast<double>(tokens), at::kDouble);
    const auto a = builtin_registry().make_method("mamba-attention-rollout")->explain(model, inputs, {});
    EXPECT_LT(relative_difference(a.relevance_token, product(layers, answer, true)), 1e-10);
  }
}

TEST(MambaRollout, TheOtherStrandIsReadFromTheOtherEnd) {
  const Model model = load_case("caduceus/ps-classifier");
  const auto layers = find_mixing_layers(model.graph, {"selective_scan"});
  for (const auto& layer : layers) {
    ASSERT_EQ(layer.size(), 4u) << "two directions of two strands";
    for (const Mixer& mixer : layer) {
      const std::string& name = model.graph.node(mixer.node).name;
      const bool other = name.starts_with("rc."), back = name.find("mamba_rev") != std::string::npos;
      EXPECT_EQ(mixer.reversed, other != back) << name;
    }
  }
}

TEST(MambaRollout, IsForModelsWithARecurrence) {
  const Registry registry = builtin_registry();
  for (const char* method : {"mamba-attention-rollout", "mamba-attribution"}) {
    const std::string reason = registry.make_method(method)->rejects(load_case("hf-forward/bert"));
    EXPECT_NE(reason.find("selective_scan, ssd, and the model has none"), std::string::npos) << reason;
  }
}

}  // namespace
}  // namespace lrpp
