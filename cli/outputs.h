#pragma once

#include <lrpp/cli/request.h>
#include <lrpp/framework/report/heat_map.h>
#include <lrpp/framework/report/image_report.h>
#include <lrpp/framework/report/text_report.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lrpp::cli {

/// Refuses, before anything runs, output files whose type or folder cannot be written, and one file twice.
void check_outputs(const std::vector<std::string>& outputs, const std::vector<std::string>& types);

/// Refuses, before the model runs, files of a type that does not show what is explained: pictures have no SVG
/// and no PDF, and a figure shows one explanation of one input.
void check_outputs_fit(const std::vector<std::string>& outputs, HeatMapLayout layout, const Request& request,
                       const Prepared& prepared);

/// What the writers of reports and files read.
struct Explanation {
  const Prepared& prepared;
  const Attribution& attribution;
  const Json& record;         ///< see cli::record
  std::string left_out = {};  ///< Report::left_out
};

/// Whether some text or picture has several explanations: one for each target and position.
bool has_several(const Explanation& explanation);

/// One report for each explanation.
std::vector<TextReport> make_text_reports(const Explanation& explanation);
std::vector<ImageReport> make_image_reports(const Explanation& explanation);

/// Writes the explanation in the format that the file's ending names; whole or not at all.
void write_output(const std::filesystem::path& path, const Explanation& explanation,
                  const std::vector<TextReport>& reports);
void write_output(const std::filesystem::path& path, const Explanation& explanation,
                  const std::vector<ImageReport>& reports, HeatMapLayout layout);

/// Where the colours of a picture's heat map end, as one sentence.
std::string heat_map_ends(const ImageReport& report);

/// Names the files written, on standard error.
void tell_written(const std::vector<std::string>& outputs);

// What texts and pictures share.

/// The text or picture that an explanation is of.
int64_t example_of(const Explanation& explanation, int64_t row);
/// Fills in everything but what is explained.
void fill_report(Report& report, const Explanation& explanation, int64_t row);
/// All numbers of a tensor, in its order.
std::vector<double> doubles(const Tensor& tensor);
/// The same of a tensor of one dimension, as JSON.
Json numbers(const Tensor& row);
/// Adds to an explanation's JSON: logits, target, score and sum, and which example it is of where that has
/// several.
void add_outcome(Json& json, const Explanation& explanation, const Report& report, int64_t row);
/// The text of a JSON file: the one explanation's members (`flat`) or a list of `examples`, then the record.
std::string join_json(std::vector<Json> examples, bool flat, const Json& record);
void save_tensors(const std::filesystem::path& path, const Explanation& explanation);

}  // namespace lrpp::cli
