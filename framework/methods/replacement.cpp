#include <lrpp/framework/io/image_preprocessor.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/methods/replacement.h>

#include <charconv>
#include <filesystem>
#include <optional>

namespace lrpp {
namespace {

Tensor black(const Model& model, const Tensor& values) {
  const int64_t channels = values.size(1);
  const ImageSteps steps = read_image_steps(model.directory, channels);
  if (steps.mean.empty()) return at::zeros({1, channels, 1, 1}, values.options());
  const Tensor mean = at::tensor(steps.mean, at::kDouble), std = at::tensor(steps.std, at::kDouble);
  return (-mean / std).view({1, channels, 1, 1}).to(values.options());
}

std::optional<int64_t> token_id(const Model& model, const std::string& word) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (!word.empty() && error == std::errc() && end == word.data() + word.size()) return id;
  const std::filesystem::path file = model.directory / "tokenizer.json";
  if (model.directory.empty() || !std::filesystem::exists(file)) return std::nullopt;
  return Tokenizer::from_file(file).token_to_id(word);
}

}  // namespace

Tensor replacement(const Model& model, const std::string& word, const Tensor& values) {
  const bool sees = model.image.has_value();
  if (word == "zero") return at::zeros({1}, values.options());
  if (word == "mean") return sees ? values.mean({2, 3}, /*keepdim=*/true) : values.mean(1, /*keepdim=*/true);
  if (sees) {
    require(word == "black", "replacement", "of a model that sees it must be zero, mean or black; got '{}'",
            word);
    return black(model, values);
  }
  const std::optional<int64_t> id = token_id(model, word);
  require(id.has_value(), "replacement",
          "must be zero, mean, or a token of the model's vocabulary, its id or its text as the tokenizer has "
          "it; got '{}'",
          word);
  require(*id >= 0 && *id < model.vocabulary_size, "replacement",
          "token ids must lie in [0, {}), the model's vocabulary; got {}", model.vocabulary_size, *id);
  const Node& node = model.graph.node(model.graph.attributed().node);
  return node.op->forward({at::full({1, 1}, *id, at::kLong)}).at(0);
}

}  // namespace lrpp
