#pragma once

#include <lrpp/framework/op.h>

#include <string>

namespace lrpp {

/// The activation that a Hugging Face config calls `name` ("gelu", "gelu_new", "silu", ...). Throws
/// UserError, headed by `where`, for one that is not supported.
OpPtr make_activation(const std::string& name, const std::string& where);

}  // namespace lrpp
