#include <lrpp/framework/error.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/seed.h>

#include <charconv>

namespace lrpp {
namespace {

std::optional<int64_t> parse_index(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// An index or a label; labels first, so that a label that looks like a number is still reachable.
std::optional<int64_t> find_class(std::string_view word, int64_t classes, const LabelLookup& lookup) {
  if (lookup) {
    if (const auto found = lookup(word)) {
      require(*found >= 0 && *found < classes, "target",
              "'{}' has the index {}, and this model has outputs for [0, {}) only; check that tokenizer and "
              "model "
              "belong together",
              word, *found, classes);
      return found;
    }
  }
  const std::optional<int64_t> index = parse_index(word);
  require(!index || (*index >= 0 && *index < classes), "target", "an index must lie in [0, {}); got {}",
          classes, word);
  return index;
}

Tensor everywhere(int64_t index, const Tensor& logits) {
  return at::full({logits.size(0)}, index, logits.options().dtype(at::kLong));
}

}  // namespace

TargetIndex resolve_target(std::string_view target, const Tensor& logits, const Tensor& given,
                           const std::vector<std::string>& labels, const LabelLookup& lookup) {
  const int64_t classes = logits.size(1);
  if (target == "argmax") return {logits.argmax(1), {}};
  if (target == "input") {
    require(given.defined(), "target",
            "'input' explains the target given with the inputs, and these inputs have none; "
            "add a tensor 'target' [B] int64 to the input file, or choose argmax, an index or a label");
    require(given.scalar_type() == at::kLong && given.sizes() == at::IntArrayRef{logits.size(0)}, "target",
            "the inputs' target must be int64 of shape [{}]; got {} {}", logits.size(0),
            at::toString(given.scalar_type()), shape_string(given.sizes()));
    const int64_t low = given.min().item<int64_t>(), high = given.max().item<int64_t>();
    require(low >= 0 && high < classes, "target", "the inputs' targets must lie in [0, {}); got {}", classes,
            low < 0 ? low : high);
    return {given.to(logits.device()), {}};
  }
  if (const auto one = find_class(target, classes, lookup)) return {everywhere(*one, logits), {}};
  // Labels may hold hyphens themselves: every hyphen is tried.
  for (size_t dash = target.find('-', 1); dash != std::string_view::npos; dash = target.find('-', dash + 1)) {
    const auto a = find_class(target.substr(0, dash), classes, lookup);
    const auto b = find_class(target.substr(dash + 1), classes, lookup);
    if (a && b) {
      require(*a != *b, "target", "'{}' is the difference of a class and itself", target);
      return {everywhere(*a, logits), everywhere(*b, logits)};
    }
  }
  if (labels.empty()) {
    fail(
        "target",
        "'{}' is no target of this model; use argmax, input, an index in [0, {}), a token of its vocabulary, "
        "or A-B",
        target, classes);
  }
  fail("target",
       "'{}' is no target of this model; use argmax, input, an index in [0, {}), A-B, or a label; {}", target,
       classes, list_known(target, labels));
}

Start start_from_name(std::string_view name) {
  if (name == "logit") return Start::logit;
  if (name == "one") return Start::one;
  fail("start", "must be 'logit' or 'one'; got '{}'", name);
}

std::string_view to_string(Start start) { return start == Start::logit ? "logit" : "one"; }

Tensor target_score(const Tensor& logits, const TargetIndex& index) {
  const Tensor score = logits.gather(1, index.target.unsqueeze(1)).squeeze(1);
  if (!index.contrast.defined()) return score;
  return score - logits.gather(1, index.contrast.unsqueeze(1)).squeeze(1);
}

Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start) {
  Tensor seed = at::zeros_like(logits);
  seed.scatter_(1, index.target.unsqueeze(1), 1);
  if (index.contrast.defined()) seed.scatter_(1, index.contrast.unsqueeze(1), -1);
  if (start == Start::logit) return seed;
  const Tensor score = target_score(logits, index);
  require(score.ne(0).all().item<bool>(), "start",
          "relevance one cannot be put on a target whose logit is exactly 0; use --start logit");
  return seed / score.unsqueeze(1);
}

Tensor resolve_position(std::string_view position, const Tensor& lengths) {
  if (position == "last") return lengths - 1;
  if (position == "first") return at::zeros_like(lengths);
  const std::optional<int64_t> index = parse_index(position);
  require(index.has_value(), "position", "must be 'last', 'first' or an index; got '{}'", position);
  const int64_t shortest = lengths.min().item<int64_t>();
  require(*index >= 0 && *index < shortest, "position",
          "must lie in [0, {}), the tokens of the shortest input; got {}", shortest, *index);
  return at::full_like(lengths, *index);
}

}  // namespace lrpp
