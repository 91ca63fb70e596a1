#pragma once

#include <lrpp/cli/request.h>
#include <lrpp/framework/report/text_report.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lrpp::cli {

/// Refuses, before anything runs, output files whose type or folder cannot be written, and one file twice.
void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& types);

/// One report for each example of the batch; positions: [B], the explained tokens.
std::vector<TextReport> make_reports(const Prepared& prepared, const Attribution& attribution,
                                     const Json& provenance, const Tensor& positions);

/// Writes the explanation in the format that the file's ending names; whole or not at all.
void write_output(const std::filesystem::path& path, const Prepared& prepared, const Attribution& attribution,
                  const Json& provenance, const std::vector<TextReport>& reports);

/// Names the files written, on standard error.
void tell_written(const std::vector<std::string>& outputs);

}  // namespace lrpp::cli
