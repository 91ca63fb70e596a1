#pragma once

#include <lrpp/adapters/transformer/decoder.h>

namespace lrpp::transformer {

/// From the config.json of model types "gpt2" and "gpt_neox", and the names of their modules.
DecoderConfig read_gpt2(const Json& config, const std::string& where);
const DecoderNames& gpt2_names();
DecoderConfig read_gpt_neox(const Json& config, const std::string& where);
const DecoderNames& gpt_neox_names();

}  // namespace lrpp::transformer
