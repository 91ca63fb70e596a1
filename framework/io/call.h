#pragma once

#include <lrpp/framework/io/json.h>

#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// Something with parameters as users write it: "smooth-grad(samples=50,noise=0.1)".
struct Call {
  std::string name;
  Json parameters = Json::object();
};

/// A name and, in brackets, parameters as JSON or, where that is none, as plain text. Throws UserError,
/// headed by `where`, for a malformed list and a parameter that is given twice.
Call parse_call(const std::string& text, std::string_view where);

/// Several in one list, "occlusion,smooth-grad(samples=5,noise=0.1)": cut at the commas that lie outside of
/// brackets and quotes. What is between them is not looked into. Throws UserError, headed by `where`, for a
/// list with an empty place, and for brackets or quotes that are not closed or not opened.
std::vector<std::string> split_calls(const std::string& text, std::string_view where);

/// What parse_call reads; the name alone where there are no parameters.
std::string describe(const Call& call);

}  // namespace lrpp
