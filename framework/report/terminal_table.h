#pragma once

#include <string>
#include <vector>

namespace lrpp {

/// A table's cells, row by row; free of hidden characters (see show_hidden). The first row is the heading,
/// and the first column names what each row is of.
using TableRows = std::vector<std::vector<std::string>>;

/// The table in at most `width` columns: the first column to the left and the others to the right. Where that
/// is too wide, names are cut, to no fewer than 12 columns each. Where it still is, each row becomes a block:
/// its name, and below it a line for each other cell, after its heading. Throws UserError for fewer than 20.
std::string render_table(const TableRows& rows, int width);

}  // namespace lrpp
