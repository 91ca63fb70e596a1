#include <lrpp/framework/error.h>
#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/seed.h>

#include <algorithm>
#include <charconv>
#include <map>

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

/// Of `--target`: every class.
constexpr std::string_view every_target = "all";

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
    return {to_device(given, logits.device()), {}};
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

void check_targets(const std::vector<std::string>& targets, const std::vector<std::string>& labels,
                   int64_t outputs) {
  require(!targets.empty(), "target", "at least one target must be explained; got none");
  std::vector<std::string> sorted = targets;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) fail("target", "'{}' is given more than once; give each target once", *twice);
  if (!std::binary_search(sorted.begin(), sorted.end(), every_target)) return;
  require(targets.size() == 1, "target", "'all' is every class; give it alone, or leave it out");
  require(
      !labels.empty(), "target",
      "'all' is for classifiers; of this language model it would be {} tokens. Name those to be explained, "
      "the token 'all' itself by its index",
      outputs);
}

TargetIndex resolve_targets(const std::vector<std::string>& targets, const Tensor& logits,
                            const Tensor& given, const std::vector<std::string>& labels,
                            const LabelLookup& lookup) {
  check_targets(targets, labels, logits.size(1));
  if (targets.size() == 1 && targets[0] != every_target)
    return resolve_target(targets[0], logits, given, labels, lookup);
  if (targets[0] == every_target) {
    const Tensor classes = at::arange(logits.size(1), logits.options().dtype(at::kLong));
    return {classes.repeat({logits.size(0)}), {}};
  }
  Tensors target, contrast;
  bool subtracts = false;
  std::map<std::pair<int64_t, int64_t>, std::string> seen;
  for (const std::string& word : targets) {
    TargetIndex one = resolve_target(word, logits, given, labels, lookup);
    subtracts = subtracts || one.contrast.defined();
    if (!one.contrast.defined()) one.contrast = at::full_like(one.target, -1);
    // Those two may agree with another on some inputs, which nobody can know before.
    if (word != "argmax" && word != "input") {
      const std::pair classes{one.target[0].item<int64_t>(), one.contrast[0].item<int64_t>()};
      const auto [same, is_new] = seen.emplace(classes, word);
      require(is_new, "target", "'{}' and '{}' are the same; give each target once", same->second, word);
    }
    target.push_back(one.target);
    contrast.push_back(one.contrast);
  }
  return {at::stack(target, 1).flatten(), subtracts ? at::stack(contrast, 1).flatten() : Tensor()};
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
  const Tensor other = logits.gather(1, index.contrast.clamp_min(0).unsqueeze(1)).squeeze(1);
  return at::where(index.contrast < 0, score, score - other);
}

Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start) {
  LateChecks checks;
  Tensor seed = make_seed(logits, index, start, checks);
  checks.settle();
  return seed;
}

Tensor make_seed(const Tensor& logits, const TargetIndex& index, Start start, LateChecks& checks) {
  Tensor seed = at::zeros_like(logits);
  seed.scatter_(1, index.target.unsqueeze(1), 1);
  if (index.contrast.defined()) {
    const Tensor less = index.contrast.ge(0).to(seed.scalar_type()).neg();
    seed.scatter_add_(1, index.contrast.clamp_min(0).unsqueeze(1), less.unsqueeze(1));
  }
  if (start == Start::logit) return seed;
  const Tensor score = target_score(logits, index);
  checks.add(score.ne(0).all(), [] {
    fail("start", "relevance one cannot be put on a target whose logit is exactly 0; use --start logit");
  });
  return seed / score.unsqueeze(1);
}

namespace {

Tensor resolve_one_position(std::string_view position, const Tensor& lengths) {
  if (position == "last") return lengths - 1;
  if (position == "first") return at::zeros_like(lengths);
  const std::optional<int64_t> index = parse_index(position);
  require(index.has_value(), "position",
          "must be 'last', 'first' or an index, a list of those (0,5,last), or 'all'; got '{}'", position);
  const int64_t shortest = lengths.min().item<int64_t>();
  require(*index >= 0 && *index < shortest, "position",
          "must lie in [0, {}), the tokens of the shortest input; got {}", shortest, *index);
  return at::full_like(lengths, *index);
}

}  // namespace

Tensor resolve_position(std::string_view position, const Tensor& lengths) {
  if (position == "all") {
    const int64_t shortest = lengths.min().item<int64_t>(), longest = lengths.max().item<int64_t>();
    require(shortest == longest, "position",
            "'all' needs inputs of one length; these have from {} to {} tokens. Explain them one at a time",
            shortest, longest);
    return at::arange(longest, lengths.options()).repeat({lengths.size(0)});
  }
  Tensors found;
  std::map<std::string, std::string> seen;
  for (size_t begin = 0; begin <= position.size();) {
    const size_t end = std::min(position.find(',', begin), position.size());
    const std::string_view word = position.substr(begin, end - begin);
    begin = end + 1;
    found.push_back(resolve_one_position(word, lengths));
    const std::optional<int64_t> index = parse_index(word);
    const auto [same, is_new] = seen.emplace(index ? std::to_string(*index) : std::string(word), word);
    require(is_new, "position", "'{}' and '{}' are the same; give each position once", same->second, word);
  }
  return at::stack(found, 1).flatten();
}

}  // namespace lrpp
