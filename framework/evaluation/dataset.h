#pragma once

#include <lrpp/framework/io/image_preprocessor.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/methods/probe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lrpp::evaluation {

/// One text or picture that is measured.
struct Example {
  std::string name;    ///< "line 12", or the picture's path in its folder
  int64_t label = -1;  ///< its class; -1 where the data do not say
  // Of texts:
  std::vector<int64_t> ids;
  std::vector<bool> special;  ///< tokens that the tokenizer added, which are no features
  // Of pictures:
  std::filesystem::path image;
  int64_t height = 0, width = 0;  ///< as the model sees it
  std::vector<bool> truth;        ///< of tokens, or pixels by rows: what decides; empty where not known
};

struct DataOptions {
  std::filesystem::path path;  ///< a TSV file of texts, or a folder of pictures
  /// Of TSV files: what each column is: "text", "label", "truth", or "-" for what is not read. Truth is a
  /// list of spans of characters (Unicode code points), as "12-18,30-35", the end excluded.
  std::vector<std::string> columns = {"text", "label"};
  bool header = false;  ///< whether the first line of a TSV file names its columns
  /// Of pictures: a TSV file of path and label. Without it folders are labels: positive/1.png.
  std::filesystem::path labels;
  /// Of pictures: a folder of pictures of the same names and sizes, white where the truth lies.
  std::filesystem::path truth;
  int64_t samples = 0;  ///< how many, chosen by `seed`, in the data's order; 0: all
  uint64_t seed = 0;
  bool skip_bad = false;  ///< leaves out what cannot be used, and says so in `Dataset::skipped`
};

struct Dataset {
  std::vector<Example> examples;
  std::vector<std::string> skipped;  ///< what was left out, and why
  uint64_t hash = 0;                 ///< of what the examples hold, labels and truth
  bool has_labels = false, has_truth = false;
  std::optional<ImageSteps> steps;  ///< how pictures are prepared
};

/// Reads, checks and chooses. Throws UserError for data that are not there or hold nothing, and for examples
/// that cannot be used, naming the first of them and counting all: lines that are empty or lack a column,
/// labels that the model does not have, texts without a token or longer than the model takes, pictures that
/// cannot be read.
Dataset read_dataset(const Model& model, const std::optional<Tokenizer>& tokenizer,
                     const DataOptions& options);

/// The graph's inputs of examples that fit together (see same_shape), without padding.
Inputs prepare(const Model& model, const Dataset& dataset, const std::vector<const Example*>& examples);

/// Whether two examples have features in the same places, so that they can be measured together.
bool same_shape(const Example& a, const Example& b);

/// The class that a word of the data stands for: a label, or its number.
std::optional<int64_t> class_of(const Model& model, const std::string& word);

/// FNV-1a, 64 bits: hashes on from `hash`. To tell files apart, not to keep anybody from forging them.
uint64_t hash_bytes(std::string_view bytes, uint64_t hash = 0xcbf29ce484222325u);

}  // namespace lrpp::evaluation
