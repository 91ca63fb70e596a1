#pragma once

#include <lrpp/cli/computation.h>
#include <lrpp/framework/io/image_preprocessor.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/methods/composite_method.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lrpp::cli {

/// The options that `explain` and `audit` share.
struct Request {
  std::string model;
  std::optional<std::string> text;
  std::string text_file, input;
  std::vector<std::string> images;
  std::string rules, method;
  std::vector<std::string> targets = {"argmax"};
  std::string position = "last", start = "logit";
  Computation computation;
  std::string recompute = "auto", memory;
  std::vector<std::string> plugins;
};

/// What options check that name something.
CLI::Validator not_empty();

void add_request_options(CLI::App& command, Request& request);
/// The same without MODEL, of which some commands take several.
void add_explain_options(CLI::App& command, Request& request);
/// --recompute and --memory; an audit keeps every value.
void add_memory_options(CLI::App& command, Request& request);

/// --method; an audit accounts for rules alone.
void add_method_option(CLI::App& command, Request& request);

/// The built-in registry and the request's plugins.
Registry make_registry(const std::vector<std::string>& plugins);

/// A picture of --image.
struct Picture {
  std::string path;
  int64_t height = 0, width = 0;  ///< of the file
  Image shown;                    ///< as the model sees it, before it is normalised
  PicturePart seen;               ///< the part of the file's picture that this shows
};

using Inputs = std::map<std::string, Tensor>;

/// What is read of a walk besides the relevance of the input.
struct Reads {
  bool ledger = false;  ///< which keeps every value
  bool layers = false;
};

/// A request made ready: the model, what explains it, and the inputs.
struct Prepared {
  Model model;
  std::optional<Tokenizer> tokenizer;
  std::string text;                  ///< of --text and --text-file
  std::optional<Encoding> encoding;  ///< likewise
  TextInputs tokens;                 ///< of models that read
  std::vector<Picture> pictures;     ///< of --image
  Json preprocessing;                ///< what was done to them
  ImageInputs pixels;                ///< of models that see
  Inputs inputs;                     ///< the graph's, made of either
  MethodPtr method;
  std::shared_ptr<const CompositeMethod> composite;  ///< the same, where no --method was given
  std::optional<Plan> plan;                          ///< of the composite, where more is read

  /// How many texts or pictures there are: B.
  int64_t examples() const;
  /// A class by its label, or a token of the vocabulary: what --target's words are looked up in.
  std::optional<int64_t> find_label(std::string_view word) const;
  /// The name of a class: its label, its token, or its number.
  std::string label(int64_t index) const;
};

/// Everything that can be refused before the model runs is refused here.
/// More is read of composites alone: throws UserError where a --method asks for it.
Prepared prepare(const Request& request, Reads reads = {});
/// Makes the plan that reads so much anew.
void read_besides(Prepared& prepared, Reads reads);
/// As `prepare`, without inputs.
Prepared prepare_model(const Request& request, Reads reads = {});

/// `prepared` must outlive them.
ExplainOptions explain_options(const Request& request, const Prepared& prepared);

/// Runs the prepared request, with a progress bar where that helps.
Attribution run(const Request& request, const Prepared& prepared);

/// The provenance of the request's explanation.
Json record(const Request& request, const Prepared& prepared);

}  // namespace lrpp::cli
