#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/adapters/transformer/paper_rules.h>
#include <lrpp/tests/adapters/transformer/paper_transformer.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>
#include <limits>

namespace lrpp::testing {

PaperTransformer::PaperTransformer(const std::string& name) {
  const SafetensorsFile file(fixture(name) / "model.safetensors");
  for (const auto& [key, info] : file.tensors()) weights_[key] = file.get(key).to(at::kDouble);
  const Json config = read_json(fixture(name) / "config.json");
  type_ = config["model_type"];
  const bool gpt2 = type_ == "gpt2";
  num_layers_ = config[gpt2 ? "n_layer" : "num_hidden_layers"];
  heads_ = config[gpt2 ? "n_head" : "num_attention_heads"];
  eps_ = config[gpt2 ? "layer_norm_epsilon" : "layer_norm_eps"];
  if (gpt2) {
    read_gpt2();
  } else {
    type_ == "bert" ? read_bert() : read_vit();
  }
}

Tensor PaperTransformer::Linear::operator()(const Tensor& x) const {
  const Tensor z = x.matmul(weight.t());
  return bias.defined() ? z + bias : z;
}

PaperTransformer::Linear PaperTransformer::read_linear(const std::string& name) const {
  return {weights_.at(name + ".weight"), weights_.at(name + ".bias")};
}

PaperTransformer::Norm PaperTransformer::read_norm(const std::string& name) const {
  return {weights_.at(name + ".weight"), weights_.at(name + ".bias")};
}

void PaperTransformer::read_bert() {
  norms_first_ = false;
  for (int64_t i = 0; i < num_layers_; ++i) {
    const std::string l = "bert.encoder.layer." + std::to_string(i) + ".";
    layers_.push_back({read_linear(l + "attention.self.query"), read_linear(l + "attention.self.key"),
                       read_linear(l + "attention.self.value"), read_linear(l + "attention.output.dense"),
                       read_linear(l + "intermediate.dense"), read_linear(l + "output.dense"),
                       read_norm(l + "attention.output.LayerNorm"), read_norm(l + "output.LayerNorm")});
  }
  embedding_norm_ = read_norm("bert.embeddings.LayerNorm");
  pooler_ = read_linear("bert.pooler.dense");
  head_ = read_linear("classifier");
}

void PaperTransformer::read_gpt2() {
  gelu_ = "tanh";
  // Its layers lie as [in, out], and queries, keys and values are one.
  const auto turned = [&](const std::string& name) {
    const Linear stored = read_linear(name);
    return Linear{stored.weight.t(), stored.bias};
  };
  for (int64_t i = 0; i < num_layers_; ++i) {
    const std::string l = "transformer.h." + std::to_string(i) + ".";
    const Linear qkv = turned(l + "attn.c_attn");
    const auto weights = qkv.weight.chunk(3, 0), biases = qkv.bias.chunk(3, 0);
    layers_.push_back({{weights[0], biases[0]},
                       {weights[1], biases[1]},
                       {weights[2], biases[2]},
                       turned(l + "attn.c_proj"),
                       turned(l + "mlp.c_fc"),
                       turned(l + "mlp.c_proj"),
                       read_norm(l + "ln_1"),
                       read_norm(l + "ln_2")});
  }
  last_norm_ = read_norm("transformer.ln_f");
  head_ = {weights_.at("transformer.wte.weight"), {}};
}

void PaperTransformer::read_vit() {
  for (int64_t i = 0; i < num_layers_; ++i) {
    const std::string l = "vit.encoder.layer." + std::to_string(i) + ".";
    const std::string a = l + "attention.attention.";
    layers_.push_back({read_linear(a + "query"), read_linear(a + "key"), read_linear(a + "value"),
                       read_linear(l + "attention.output.dense"), read_linear(l + "intermediate.dense"),
                       read_linear(l + "output.dense"), read_norm(l + "layernorm_before"),
                       read_norm(l + "layernorm_after")});
  }
  last_norm_ = read_norm("vit.layernorm");
  head_ = read_linear("classifier");
}

Tensor PaperTransformer::normed(const Norm& norm, const Tensor& x) const {
  const Tensor centred = x - x.mean(-1, /*keepdim=*/true);
  return centred / (centred.square().mean(-1, /*keepdim=*/true) + eps_).sqrt() * norm.weight + norm.bias;
}

Tensor PaperTransformer::norm_back(const Norm& norm, const Tensor& x, const Tensor& relevance,
                                   Method method) const {
  // AttnLRP, proposition 3.4: relevance passes a norm unchanged.
  if (method == Method::attn_lrp) return relevance;
  return paper::layer_norm(x, norm.weight, normed(norm, x), relevance, eps_);
}

/// `hidden` [T,T]: true where a query does not see a key.
PaperTransformer::Seen PaperTransformer::forward(const Layer& layer, const Tensor& x,
                                                 const Tensor& hidden) const {
  Seen s;
  s.x = x;
  s.attention_in = norms_first_ ? normed(layer.attention, x) : x;
  const auto heads = [&](const Tensor& t) { return t.unflatten(1, {heads_, -1}).transpose(0, 1); };
  s.q = heads(layer.q(s.attention_in));
  s.k = heads(layer.k(s.attention_in));
  s.v = heads(layer.v(s.attention_in));
  s.scores = s.q.matmul(s.k.transpose(1, 2)) / std::sqrt(static_cast<double>(s.q.size(2)));
  s.shares = s.scores.masked_fill(hidden, -std::numeric_limits<double>::infinity()).softmax(-1);
  s.context = s.shares.matmul(s.v).transpose(0, 1).flatten(1);
  s.attended = layer.out(s.context);
  s.middle = x + s.attended;
  s.mlp_in = normed(norms_first_ ? layer.mlp : layer.attention, s.middle);
  s.up = layer.up(s.mlp_in);
  s.act = at::gelu(s.up, gelu_);
  s.down = layer.down(s.act);
  s.end = (norms_first_ ? s.middle : s.mlp_in) + s.down;
  return s;
}

Tensor PaperTransformer::attention_back(const Layer& layer, const Seen& s, const Tensor& relevance,
                                        Method method, double epsilon) const {
  const Tensor merged = paper::linear(s.context, layer.out.weight, s.attended, relevance, epsilon);
  const Tensor of_context = merged.unflatten(1, {heads_, -1}).transpose(0, 1);
  Tensor of_q = at::zeros_like(s.q), of_k = at::zeros_like(s.k), of_v = at::zeros_like(s.v);
  const double scale = 1 / std::sqrt(static_cast<double>(s.q.size(2)));
  for (int64_t h = 0; h < heads_; ++h) {
    if (method == Method::cp_lrp) {
      of_v[h] = paper::held_shares(s.shares[h], s.v[h], of_context[h]);
      continue;
    }
    const auto [of_shares, values] = paper::product(s.shares[h], s.v[h], 1, of_context[h]);
    const Tensor of_scores = paper::softmax(s.scores[h], s.shares[h], of_shares);
    const auto [queries, keys] = paper::product(s.q[h], s.k[h].t(), scale, of_scores);
    of_q[h] = queries;
    of_k[h] = keys.t();
    of_v[h] = values;
  }
  const auto project = [&](const Linear& map, const Tensor& to_heads) {
    const Tensor flat = to_heads.transpose(0, 1).flatten(1);
    return paper::linear(s.attention_in, map.weight, map(s.attention_in), flat, epsilon);
  };
  Tensor of_input = project(layer.v, of_v);
  if (method == Method::attn_lrp) of_input = of_input + project(layer.q, of_q) + project(layer.k, of_k);
  return of_input;
}

Tensor PaperTransformer::back(const Layer& layer, const Seen& s, const Tensor& relevance, Method method,
                              double epsilon) const {
  // x + f(norm(x)), or norm(x + f(x)), and in f an activation passes its relevance.
  Tensor end = relevance;
  if (!norms_first_) end = norm_back(layer.mlp, s.end, end, method);
  auto [skipped, of_down] = paper::sum(norms_first_ ? s.middle : s.mlp_in, s.down, end);
  const Tensor of_act = paper::linear(s.act, layer.down.weight, s.down, of_down, epsilon);
  Tensor of_mlp = paper::linear(s.mlp_in, layer.up.weight, s.up, of_act, epsilon);
  Tensor middle = norms_first_ ? skipped + norm_back(layer.mlp, s.middle, of_mlp, method)
                               : norm_back(layer.attention, s.middle, skipped + of_mlp, method);
  const auto [of_x, of_attended] = paper::sum(s.x, s.attended, middle);
  const Tensor of_input = attention_back(layer, s, of_attended, method, epsilon);
  return of_x + (norms_first_ ? norm_back(layer.attention, s.x, of_input, method) : of_input);
}

PaperTransformer::Embedded PaperTransformer::embed(const std::map<std::string, Tensor>& example) const {
  Embedded e;
  const auto add = [&](const Tensor& other) {
    e.sums.emplace_back(e.x, other);
    e.x = e.x + other;
  };
  if (type_ == "vit") {
    const std::string projection = "vit.embeddings.patch_embeddings.projection";
    const Tensor pixels = example.at("pixel_values").to(at::kDouble);
    const Linear project{weights_.at(projection + ".weight").flatten(1), weights_.at(projection + ".bias")};
    const int64_t p = weights_.at(projection + ".weight").size(2);
    std::vector<Tensor> patches;
    for (int64_t row = 0; row < pixels.size(1); row += p) {
      for (int64_t column = 0; column < pixels.size(2); column += p)
        patches.push_back(pixels.slice(1, row, row + p).slice(2, column, column + p).flatten());
    }
    e.patches = at::stack(patches);
    e.projected = project(e.patches);
    e.filters = project.weight;
    e.x = at::cat({weights_.at("vit.embeddings.cls_token")[0], e.projected});
    add(weights_.at("vit.embeddings.position_embeddings")[0]);
    return e;
  }
  const bool bert = type_ == "bert";
  const auto rows = [&](const char* table) { return weights_.at(std::string(table) + ".weight"); };
  const Tensor ids = example.at("input_ids");
  e.x = rows(bert ? "bert.embeddings.word_embeddings" : "transformer.wte").index({ids});
  if (bert) add(rows("bert.embeddings.token_type_embeddings").index({example.at("token_type_ids")}));
  add(rows(bert ? "bert.embeddings.position_embeddings" : "transformer.wpe").slice(0, 0, ids.size(0)));
  return e;
}

Tensor PaperTransformer::embed_back(const Embedded& e, Tensor relevance, at::IntArrayRef pixels,
                                    double epsilon) const {
  for (size_t i = e.sums.size(); i-- > 0;)
    relevance = paper::sum(e.sums[i].first, e.sums[i].second, relevance).first;
  if (type_ != "vit") return relevance;
  const Tensor of_patches = paper::linear(e.patches, e.filters, e.projected, relevance.slice(0, 1), epsilon);
  Tensor found = at::zeros(pixels, at::kDouble);
  const auto p = static_cast<int64_t>(std::sqrt(e.patches.size(1) / pixels[0]));
  const int64_t columns = pixels[2] / p;
  for (int64_t i = 0; i < of_patches.size(0); ++i) {
    const int64_t row = i / columns * p, column = i % columns * p;
    found.slice(1, row, row + p).slice(2, column, column + p).copy_(of_patches[i].reshape({-1, p, p}));
  }
  return found;
}

/// The head sees one token, `last` [1,D].
std::pair<Tensor, Tensor> PaperTransformer::head(const Tensor& last, int64_t target, Method method,
                                                 double epsilon) const {
  const bool bert = type_ == "bert";
  const Tensor pooled = bert ? pooler_(last) : Tensor();
  const Tensor seen = bert ? pooled.tanh() : normed(last_norm_, last);
  const Tensor logits = head_(seen);
  Tensor start = at::zeros_like(logits);
  start[0][target] = logits[0][target];
  const Tensor relevance = paper::linear(seen, head_.weight, logits, start, epsilon);
  return {logits[0][target], bert ? paper::linear(last, pooler_.weight, pooled, relevance, epsilon)
                                  : norm_back(last_norm_, last, relevance, method)};
}

PaperTransformer::Explanation PaperTransformer::explain(const std::map<std::string, Tensor>& example,
                                                        int64_t target, Method method, double epsilon) const {
  const Embedded embedded = embed(example);
  const bool bert = type_ == "bert";
  Tensor x = bert ? normed(embedding_norm_, embedded.x) : embedded.x;
  const int64_t tokens = x.size(0);
  Tensor hidden = at::zeros({tokens, tokens}, at::kBool);
  if (type_ == "gpt2") hidden = at::ones({tokens, tokens}, at::kBool).triu(1);
  if (bert) hidden = (example.at("attention_mask") == 0).unsqueeze(0).expand({tokens, tokens});
  std::vector<Seen> seen;
  for (const Layer& layer : layers_) {
    seen.push_back(forward(layer, x, hidden));
    x = norms_first_ ? seen.back().end : normed(layer.mlp, seen.back().end);
  }
  const int64_t token = type_ == "gpt2" ? tokens - 1 : 0;
  const auto [logit, of_token] = head(x.slice(0, token, token + 1), target, method, epsilon);
  Tensor relevance = at::zeros_like(x);
  relevance[token] = of_token[0];
  for (size_t i = layers_.size(); i-- > 0;) relevance = back(layers_[i], seen[i], relevance, method, epsilon);
  if (bert) relevance = norm_back(embedding_norm_, embedded.x, relevance, method);
  const auto pixels = example.find("pixel_values");
  const at::IntArrayRef size = pixels == example.end() ? at::IntArrayRef() : pixels->second.sizes();
  return {logit, embed_back(embedded, relevance, size, epsilon)};
}

}  // namespace lrpp::testing
