#pragma once

#include <lrpp/framework/tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lrpp::testing {

/// BERT, GPT-2 and ViT in plain LibTorch, one example at a time, and relevance carried back through them by
/// the rules of paper_rules.h: the oracle of `attn-lrp` and `cp-lrp` in their variant "paper". It shares no
/// code with the library but the readers of config.json and safetensors.
class PaperTransformer {
 public:
  enum class Method { attn_lrp, cp_lrp };

  /// Reads the Hugging Face checkpoint of a fixture ("hf-forward/bert") in float64.
  explicit PaperTransformer(const std::string& name);

  struct Explanation {
    Tensor logit;      ///< of the target, scalar
    Tensor relevance;  ///< at the word embeddings [T,D] or the pixels [C,H,W]
  };
  /// One example: input_ids [T] with attention_mask and token_type_ids where there are some, or pixel_values
  /// [C,H,W]; a decoder answers for its last token. `epsilon` is that of linear layers;
  /// elsewhere it is taken to 0.
  Explanation explain(const std::map<std::string, Tensor>& example, int64_t target, Method method,
                      double epsilon) const;

 private:
  struct Linear {
    Tensor weight, bias;  ///< [O,I], [O]
    Tensor operator()(const Tensor& x) const;
  };
  struct Norm {
    Tensor weight, bias;
  };
  struct Layer {
    Linear q, k, v, out, up, down;
    Norm attention, mlp;
  };
  /// What a layer's backward pass reads.
  struct Seen {
    Tensor x, attention_in, q, k, v, scores, shares, context, attended, middle, mlp_in, up, act, down, end;
  };

  /// The tokens as they enter the first layer (of BERT: its norm), and how they came about.
  struct Embedded {
    std::vector<std::pair<Tensor, Tensor>> sums;  ///< each with what was added to it, in order
    Tensor patches, filters, projected;           ///< of ViT
    Tensor x;
  };

  Linear read_linear(const std::string& name) const;
  Norm read_norm(const std::string& name) const;
  void read_bert();
  void read_gpt2();
  void read_vit();

  Embedded embed(const std::map<std::string, Tensor>& example) const;
  /// `pixels`: the size of the image, of ViT.
  Tensor embed_back(const Embedded& embedded, Tensor relevance, at::IntArrayRef pixels, double epsilon) const;
  std::pair<Tensor, Tensor> head(const Tensor& last, int64_t target, Method method, double epsilon) const;
  Tensor normed(const Norm& norm, const Tensor& x) const;
  Tensor norm_back(const Norm& norm, const Tensor& x, const Tensor& relevance, Method method) const;
  Seen forward(const Layer& layer, const Tensor& x, const Tensor& hidden) const;
  Tensor back(const Layer& layer, const Seen& seen, const Tensor& relevance, Method method,
              double epsilon) const;
  Tensor attention_back(const Layer& layer, const Seen& seen, const Tensor& relevance, Method method,
                        double epsilon) const;

  std::map<std::string, Tensor> weights_;
  std::string type_;
  std::vector<Layer> layers_;
  Norm embedding_norm_, last_norm_;  ///< of BERT; of the others
  Linear pooler_, head_;             ///< pooler: of BERT
  int64_t num_layers_ = 0, heads_ = 0;
  double eps_ = 0;
  bool norms_first_ = true;
  std::string gelu_ = "none";  ///< at::gelu's `approximate`
};

}  // namespace lrpp::testing
