#pragma once

#include <lrpp/framework/evaluation/dataset.h>

#include <functional>

namespace lrpp::evaluation {

/// Collects what cannot be used.
class BadExamples {
 public:
  explicit BadExamples(const DataOptions& options) : options_(options) {}

  /// Runs `use` on the example of that name, and notes what it throws.
  void run(const std::string& name, const std::function<void()>& use);
  /// Throws UserError where there were any and they may not be skipped, or nothing is left of `all`.
  std::vector<std::string> finish(size_t all) &&;

 private:
  const DataOptions& options_;
  std::vector<std::string> reasons_;
};

/// `samples` of `count` numbers by chance, ascending; all where samples is 0 or more than there are.
std::vector<size_t> choose(size_t count, int64_t samples, uint64_t seed);

/// The lines of a file without their line ends; what follows the last line end is a line unless it is empty.
std::vector<std::string> read_lines(const std::filesystem::path& path);
/// Between the tabs of a line.
std::vector<std::string> split_tabs(const std::string& line);

/// The class of a word. Throws UserError, listing the labels, where the model has none such.
int64_t require_class(const Model& model, const std::string& word);

void read_texts(const Model& model, const Tokenizer& tokenizer, const DataOptions& options, Dataset& dataset);
void read_pictures(const Model& model, const DataOptions& options, Dataset& dataset);

}  // namespace lrpp::evaluation
