#pragma once

#include <string>
#include <string_view>

namespace lrpp {

/// `text` as the content of an element or of a quoted attribute: markup is shown, not run, and hidden
/// characters are written out, line breaks and tabs included.
std::string escape_html(std::string_view text);
/// The same for running text: line breaks and tabs stay, as `white-space: pre-wrap` shows them.
std::string escape_html_text(std::string_view text);

/// escape_html of a text that is cut, with an ellipsis, to so many code points.
std::string escape_html_cut(std::string_view text, size_t limit);

/// The page's style sheet, colours and all.
std::string page_style();

}  // namespace lrpp
