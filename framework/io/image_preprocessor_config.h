#pragma once

#include <lrpp/framework/io/image_preprocessor.h>

namespace lrpp {

/// Sides that a config may ask for.
inline constexpr int64_t largest_image_step = 1 << 14;

/// The steps that a preprocessor_config.json asks for; `where` heads the messages.
ImageSteps read_preprocessor_config(const Json& json, const std::string& where, const std::string& source,
                                    int64_t channels);

}  // namespace lrpp
