#include <ATen/ops/avg_pool2d.h>
#include <lrpp/framework/evaluation/take_away.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/methods/replacement.h>

#include <algorithm>
#include <map>

namespace lrpp::evaluation {
namespace {

/// Logits of N texts that all have the tokens `kept` [N, T] left, `count` of them in each row.
Tensor shorter_logits(const ValueModel& model, Inputs inputs, const Tensor& kept, int64_t count) {
  const Tensor values = model.values(inputs);
  const int64_t rows = kept.size(0);
  Tensor left;  // [N, count'] positions of what is left
  Tensor fed;
  if (count > 0) {
    left = kept.nonzero().select(1, 1).view({rows, count});
    const Tensor at = left.to(values.device()).unsqueeze(2).expand({-1, -1, values.size(2)});
    fed = values.gather(1, at);
  } else {
    left = at::zeros({rows, 1}, at::kLong);
    fed = at::zeros_like(values.slice(1, 0, 1));
  }
  if (const auto position = inputs.find("position"); position != inputs.end()) {
    const Tensor before = left.le(position->second.unsqueeze(1)).sum(1);
    position->second = (before - 1).clamp_min(0);
  }
  for (const char* name : {"input_ids", "attention_mask", "token_type_ids"}) {
    if (const auto found = inputs.find(name); found != inputs.end() && found->second.defined())
      found->second = found->second.gather(1, left);
  }
  return model.logits(model.inputs_with(std::move(inputs), fed));
}

Tensor without_removed(const ValueModel& model, const Inputs& inputs, const Tensor& kept) {
  const Tensor counts = kept.sum(1);
  const Tensor lengths = std::get<0>(at::_unique(counts));
  Tensor result;
  for (int64_t i = 0; i < lengths.size(0); ++i) {
    const int64_t count = lengths[i].item<int64_t>();
    const Tensor rows = counts.eq(count).nonzero().select(1, 0);
    const Tensor logits = shorter_logits(model, rows_of(inputs, rows), kept.index_select(0, rows), count);
    if (rows.size(0) == kept.size(0)) return logits;
    if (!result.defined()) result = at::empty({kept.size(0), logits.size(1)}, logits.options());
    result.index_copy_(0, rows.to(logits.device()), logits);
  }
  return result;
}

std::string spelled(const Model& model, const std::string& meaning,
                    const std::vector<std::string>& spellings) {
  const std::filesystem::path file = model.directory / "tokenizer.json";
  if (!model.directory.empty() && std::filesystem::exists(file)) {
    const Tokenizer tokenizer = Tokenizer::from_file(file);
    for (const std::string& word : spellings)
      if (tokenizer.token_to_id(word)) return word;
  }
  fail(
      "replacement",
      "the vocabulary has no token that is known to stand for '{}'; take a token by its text or id, zero, or "
      "remove",
      meaning);
}

}  // namespace

std::string default_way(const Model& model, bool insertion) {
  if (model.image) return insertion ? "blur" : "mean";
  return insertion ? "remove" : "zero";
}

std::string resolve_way(const Model& model, const std::string& how, bool insertion) {
  if (how.empty()) return default_way(model, insertion);
  if (model.image) return how;
  if (how == "unk") return spelled(model, how, {"[UNK]", "<unk>", "<|unk|>", "UNK"});
  if (how == "pad") return spelled(model, how, {"[PAD]", "<pad>", "<|pad|>", "PAD", "<|padding|>"});
  return how;
}

void check_way(const Model& model, const std::string& how, bool insertion) {
  const std::string way = resolve_way(model, how, insertion);
  if (way == (model.image ? "blur" : "remove")) return;
  // They may be words of the vocabulary too, which nobody means.
  require(model.image || (how != "blur" && how != "black"), "replacement",
          "'{}' is for pictures, and this model reads text; take zero, unk, pad, mean, remove or a token (of "
          "that "
          "very word by its id)",
          how);
  // Made of values as small as the model's can be.
  const auto values = [&] {
    if (model.image) return at::zeros({1, model.image->channels, 1, 1});
    return model.graph.node(model.graph.attributed().node).op->forward({at::zeros({1, 1}, at::kLong)}).at(0);
  };
  replacement(model, way, values());
}

Tensor blurred(const Tensor& pixels) {
  const int64_t side = std::min(pixels.size(2), pixels.size(3)) / 4, half = side / 2;
  Tensor result = pixels;
  for (int pass = 0; half > 0 && pass < 3; ++pass)
    result = at::avg_pool2d(result, 2 * half + 1, 1, half, false, /*count_include_pad=*/false);
  return result;
}

MaskedModel masked_model(const ValueModel& values, const Inputs& inputs, const Features& features,
                         const std::string& how) {
  const Tensor x = values.values(inputs);
  if (!features.tokens.defined()) {
    const Tensor instead = how == "blur" ? blurred(x) : replacement(values.model(), how, x).expand_as(x);
    return [&values, &inputs, x, instead, patch = features.patch](const Tensor& example, const Tensor& kept) {
      const Tensor rows = example.to(x.device());
      const Tensor mask = spread_patches(kept, patch, x.size(2), x.size(3)).to(x.device());
      const Tensor fed = at::where(mask, x.index_select(0, rows), instead.index_select(0, rows));
      return values.logits(values.inputs_with(rows_of(inputs, example), fed));
    };
  }
  const auto all_tokens = [tokens = features.tokens, length = x.size(1)](const Tensor& kept) {
    return at::ones({kept.size(0), length}, at::kBool).index_copy_(1, tokens, kept);
  };
  if (how == "remove") {
    return [&values, &inputs, all_tokens](const Tensor& example, const Tensor& kept) {
      return without_removed(values, rows_of(inputs, example), all_tokens(kept));
    };
  }
  const Tensor instead = replacement(values.model(), how, x).expand_as(x);
  return [&values, &inputs, x, instead, all_tokens](const Tensor& example, const Tensor& kept) {
    const Tensor rows = example.to(x.device());
    const Tensor mask = all_tokens(kept).to(x.device()).unsqueeze(2);
    const Tensor fed = at::where(mask, x.index_select(0, rows), instead.index_select(0, rows));
    return values.logits(values.inputs_with(rows_of(inputs, example), fed));
  };
}

}  // namespace lrpp::evaluation
