#pragma once

#include <lrpp/adapters/transformer/image_classifier.h>
#include <lrpp/plugins/mamba/adapters/block.h>

// Vision Mamba (Zhu et al., arXiv:2401.09417). Modules have the names of hustvl's checkpoints; what is no
// module of its own is named in
//   vim.patch_flatten  vim.patch_tokens  vim.patch_split   maps as tokens, halves around the class token
//   vim.concat  vim.position_add  vim.residual_cast        tokens as they enter the first layer
//   vim.select_token  vim.mean_tokens                      the class token; the mean of those that answer
// and in a mixer M ("layers.0.mixer"): M.split, then one branch as in Mamba and one whose names end in "_b"
// between M.flip and M.flip_back, then M.sum, M.half, M.gate_act and M.gate.

namespace lrpp::mamba {

struct VimConfig {
  transformer::ImageClassifierConfig frame;  ///< its norm is that of the blocks too
  transformer::ImageClassifierNames names;   ///< which learned tokens there are depends on the config
  BlockConfig mixer;
  int64_t num_layers = 0;
  bool halve_sum = true;  ///< half of the sum of both directions goes on
  bool residual_in_fp32 = true;
};

/// Patches and class tokens, bidirectional blocks, and a head, as one graph.
Model build_vim(const VimConfig& config, const ModelDirectory& directory, const LoadOptions& options);

/// From a config.json of "model_type": "vim" that holds the arguments of hustvl's VisionMamba by their names,
/// with those of its mixers (d_conv, expand, dt_rank, conv_bias, bias) beside them or in `ssm_cfg`. Throws
/// UserError for unknown keys, and for options that this adapter does not support.
VimConfig read_vim(const Json& config, const std::string& where);

}  // namespace lrpp::mamba
