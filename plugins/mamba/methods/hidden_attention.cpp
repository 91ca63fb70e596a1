#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/kernels/ssd.h>
#include <lrpp/plugins/mamba/methods/hidden_attention.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>
#include <lrpp/plugins/mamba/ops/ssd.h>

#include <algorithm>

namespace lrpp::mamba {
namespace {

/// Numbers that a block of columns may have: 32 MiB of float32.
constexpr int64_t most_elements = int64_t{1} << 23;

/// [B,T,X] from `begin` on, once for each of `count` columns: [B count, T - begin, X].
Tensor for_columns(const Tensor& t, int64_t begin, int64_t count) {
  return t.slice(1, begin).repeat_interleave(count, 0);
}

}  // namespace

HiddenAttention::HiddenAttention(const Op& op, const Kept& kept)
    : dt_(kept.input(1)), B_(kept.input(2)), C_(kept.input(3)) {
  if (const auto* scan = dynamic_cast<const SelectiveScan*>(&op)) {
    A_ = scan->A();
  } else {
    const auto& ssd = dynamic_cast<const Ssd&>(op);
    A_ = ssd.A();
    groups_ = ssd.groups();
  }
}

Tensor HiddenAttention::columns(int64_t begin, int64_t end) const {
  const int64_t count = end - begin, rest = tokens() - begin, batch = dt_.size(0);
  // Of column j the input is 1 at token j in every channel.
  Tensor ones = at::zeros({count, rest}, dt_.options());
  ones.slice(1, 0, count).fill_diagonal_(1);
  const Tensor x = ones.view({1, count, rest, 1}).expand({batch, count, rest, channels()}).flatten(0, 1);
  const Tensor dt = for_columns(dt_, begin, count), B = for_columns(B_, begin, count),
               C = for_columns(C_, begin, count);
  const Tensor none = at::zeros({A_.size(0)}, A_.options());
  const Tensor y = groups_ == 0 ? selective_scan(x, dt, A_, B, C, none) : ssd(x, dt, A_, B, C, none, groups_);
  return y.unflatten(0, {batch, count});
}

Tensor HiddenAttention::reduced(
    const std::function<Tensor(const Tensor& columns, int64_t begin, int64_t end)>& reduce) const {
  const int64_t T = tokens(), batch = dt_.size(0);
  Tensor matrix = at::zeros({batch, T, T}, dt_.options());
  for (int64_t begin = 0; begin < T;) {
    const int64_t column = batch * (T - begin) * channels();
    const int64_t end = std::min(T, begin + std::max<int64_t>(1, most_elements / column));
    const Tensor part = reduce(columns(begin, end), begin, end);  // [B,J,T - begin]
    matrix.slice(1, begin).slice(2, begin, end).copy_(part.transpose(1, 2));
    begin = end;
  }
  return matrix;
}

TokenMixing hidden_mixing(const std::string& op) {
  return {
      op, Needs::only_inputs({0, 1, 2, 3}), [](const Op& op, const Kept& kept, const Tensor& gradient) {
        const HiddenAttention attention(op, kept);
        if (!gradient.defined())
          return attention.reduced([](const Tensor& columns, int64_t, int64_t) { return columns.mean(-1); });
        // A head's channels share its alpha.
        const std::vector<int64_t> by_head{attention.channels(), -1};
        const Tensor x = kept.input(0).unflatten(2, by_head), g = gradient.unflatten(2, by_head);
        return attention.reduced([&](const Tensor& columns, int64_t begin, int64_t end) {
          const Tensor to = g.slice(1, begin).unsqueeze(1), from = x.slice(1, begin, end).unsqueeze(2);
          return (columns.unsqueeze(-1) * to * from).clamp_min(0).mean({-2, -1});
        });
      }};
}

void register_hidden_attention(Registry& registry) {
  const auto describe = [](const std::string& name, bool weighted, const Registry& known) {
    RolloutDescription description{
        name,
        {attention_mixing(), hidden_mixing("selective_scan"), hidden_mixing("ssd")},
        {"selective_scan", "ssd"}};
    if (weighted) description.gradient = known.make_composite("gradient");
    return description;
  };
  const char* paper = "Ali, Zimerman and Wolf 2024, arXiv:2403.01590";
  registry.add_method<NoParameters>(
      "mamba-attention-rollout", "the hidden attention of all Mamba layers (and attention), multiplied",
      paper, [=](const Registry& known, const NoParameters&) {
        return std::make_shared<Rollout>(describe("mamba-attention-rollout", false, known));
      });
  registry.add_method<NoParameters>(
      "mamba-attribution", "as mamba-attention-rollout, each layer's attention weighted by its gradient",
      paper, [=](const Registry& known, const NoParameters&) {
        return std::make_shared<Rollout>(describe("mamba-attribution", true, known));
      });
}

}  // namespace lrpp::mamba
