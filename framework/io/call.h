#pragma once

#include <lrpp/framework/io/json.h>

#include <string>
#include <string_view>

namespace lrpp {

/// Something with parameters as users write it: "smooth-grad(samples=50,noise=0.1)".
struct Call {
  std::string name;
  Json parameters = Json::object();
};

/// A name and, in brackets, parameters as JSON or, where that is none, as plain text. Throws UserError,
/// headed by `where`, for a malformed list and a parameter that is given twice.
Call parse_call(const std::string& text, std::string_view where);

/// What parse_call reads; the name alone where there are no parameters.
std::string describe(const Call& call);

}  // namespace lrpp
