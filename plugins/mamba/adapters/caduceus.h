#pragma once

#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/registry.h>
#include <lrpp/plugins/mamba/adapters/block.h>

#include <string>
#include <vector>

namespace lrpp::mamba {

// [docs:config]
/// Caduceus (Schiff et al., arXiv:2403.03234): Mamba for DNA. Each layer reads the letters in both
/// directions; Caduceus-PS reads both strands with the same weights, so that a sequence and its reverse
/// complement get the same answer.
struct CaduceusConfig {
  int64_t vocab_size = 0;  ///< with the padding
  int64_t num_layers = 0;
  BlockConfig mixer;  ///< of either direction
  NormConfig norm;
  bool bidirectional = true;
  bool multiplied = false;       ///< the product of the two directions; else their sum
  bool tied_projections = true;  ///< both directions have in_proj and out_proj in common
  bool both_strands = false;     ///< `rcps`: Caduceus-PS; else Caduceus-PH
  bool fused_norm = true;        ///< `fused_add_norm`, which is another function where there are two strands
  bool residual_in_fp32 = true;
  bool tied_head = true;            ///< the head of a language model is the embedding table
  std::vector<int64_t> complement;  ///< of each token id, where there are two strands
  transformer::Head head;
};
// [/docs:config]

/// From the config.json of a published checkpoint, or of a classifier made from one. Throws UserError for
/// values that cannot be, or that this adapter does not support.
CaduceusConfig read_caduceus(const Json& config, const std::string& where);

/// A masked language model has inputs input_ids [B,T] and position [B] and output [B,V] at that position;
/// with `every_position` there is no `position`, and the output is [B,T,V]. A classifier, which takes the
/// mean over the tokens, has input input_ids and output [B,C]. Relevance is read at the embeddings [B,T,D];
/// those of two strands lie side by side, [B,T,2D], the second half of a token being what the other strand
/// has in its place. Throws UserError where the checkpoint does not fit.
Model build_caduceus(const CaduceusConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options);

}  // namespace lrpp::mamba
