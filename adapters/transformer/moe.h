#pragma once

#include <lrpp/adapters/transformer/blocks.h>

#include <array>
#include <optional>
#include <string>

// What is no module of its own is named after the block; for a mixture of experts M (of Jamba:
// model.layers.1.feed_forward), whose router and experts have the checkpoint's names:
//   M.router_cast            the tokens in float32, where the weights are narrower
//   M.scores                 the router's scores of the experts: their softmax, or their sigmoids
//   M.choice                 the best experts of each token, and their scores
//   M.shares  M.scale        those scores as shares of their sum; times a constant
//   M.dispatch               the tokens of each expert
//   M.rows                   what the experts made of them, one expert after the other
//   M.combine                the weighted sum for each token
//   M.add                    its sum with what the shared expert makes of every token

namespace lrpp::transformer {

/// How a router scores the experts.
enum class Scoring { softmax, sigmoid };

struct MoeConfig {
  int64_t hidden_size = 0;
  int64_t experts = 0, chosen = 1;  ///< so many of each token
  Scoring scoring = Scoring::softmax;
  bool correction_bias = false;         ///< a stored bias shifts the scores for the choice alone
  int64_t groups = 1, kept_groups = 1;  ///< of experts; see ops::ExpertChoiceAttributes
  bool normalized = false;              ///< the weights of a token's experts sum to 1
  double scale = 1;                     ///< of those weights
  MlpConfig expert;                     ///< on latent_size channels, where there are such
  std::optional<MlpConfig> shared;      ///< an expert that every token goes through
  int64_t latent_size = 0;  ///< the experts work on a projection to so many channels; 0: they do not
  bool latent_bias = false;
};

/// Module names within a layer; the expert's within "<experts>.<i>", without its block.
struct MoeNames {
  std::string block, router, correction_bias, experts;
  MlpNames expert, shared;
  std::string latent_in, latent_out;
};

/// Throws UserError, headed by `where`, where the experts do not fall into the groups, or fewer than `chosen`
/// are open. `keys`: what the config calls experts, chosen, groups and kept_groups.
void require_moe(const MoeConfig& config, const std::array<const char*, 4>& keys, const std::string& where);

/// A mixture of experts: [B,T,D] -> [B,T,D]. Each expert computes the tokens that chose it, and no others.
/// The router is computed in float32 at least: rounded scores would choose other experts.
Value add_moe(Builder& builder, const std::string& layer, const MoeNames& names, const MoeConfig& config,
              Value x);

}  // namespace lrpp::transformer
