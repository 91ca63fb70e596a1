#pragma once

#include <lrpp/framework/report/report.h>

#include <string>
#include <string_view>

namespace lrpp {

/// The beginning of a page that loads nothing and runs nothing, which a policy makes sure of: head, style and
/// <main>. `title` is HTML; `style` comes after the style that all pages share.
std::string open_page(const std::string& title, std::string_view style = "");
/// Its end, with the version that made it.
std::string close_page(const Json& provenance);

/// Model, what explains it, the target, and what the model puts next to it, as entries of a <dl>.
std::string facts_html(const Report& report);
/// What the sum of relevance says against the score.
std::string sum_html(const Report& report);

/// What all pages fold away at their end: the rules that were used, and the provenance; nothing for what
/// there is none of. `of` is HTML that says whose provenance it is, where a page has several.
std::string rules_html(const Json& provenance);
std::string provenance_html(const Json& provenance, std::string_view of = "");

/// A heading of a part of an explanation: <h2>, or <h3> where the page has several explanations.
std::string part_html(std::string_view heading, int level, std::string_view attributes = "");

/// The class of a shade behind a value, "p3" or "n3", or nothing; see `shade`.
std::string shade_class(double value, double largest);
/// The classes of a word of that value: "w", and its shade, with its mark where it is against.
std::string word_class(double value, double largest);
/// The line that stands for words of a text that are not shown, or nothing for none.
std::string left_out_html(size_t count);

/// A cell with a bar from the middle to the right, or to the left for a negative value, as long as it is of
/// `largest`.
std::string bar_cell(double value, double largest);

}  // namespace lrpp
