#include <fmt/ranges.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/many_targets.h>
#include <lrpp/tests/support/models.h>

namespace lrpp::testing {
namespace {

/// The largest difference that an order of float64 sums may make here, relative to the largest entry: a
/// matrix product of more rows may be cut into other blocks, in other ways on other processors. `epsilon`
/// divides by outputs that may be small, and magnifies what that rounds: 1.5e-13 was seen, of a difference of
/// two logits, on one processor of several. Rows that are mixed up differ by about 1.
double rows_tolerance(const std::string& composite) { return composite == "lrp-epsilon" ? 1e-12 : 1e-13; }

using Inputs = std::map<std::string, Tensor>;

const std::vector<std::string> targets{"0", "argmax", "1-0"};
const std::vector<std::string> positions{"last", "0", "1"};

/// The first example, the last, and one that is neither, so that mixed up rows show.
Inputs three_examples(const Model& model, const Inputs& tensors) {
  Inputs three;
  for (const auto& [key, tensor] : tensors) {
    Tensor other = tensor.slice(0, 0, 1);
    if (key == "input_ids") other = (other + 1).remainder(model.vocabulary_size);
    if (key == "pixel_values") other = other.flip(-1);
    three[key] = at::cat({tensor.slice(0, 0, 1), tensor.slice(0, -1), other});
  }
  return three;
}

class Comparison {
 public:
  Comparison(const Model& model, const std::string& composite, Inputs tensors)
      : model_(model),
        composite_(builtin_registry().make_composite(composite)),
        plan_(make_plan(model.graph, composite_)),
        tensors_(std::move(tensors)) {
    if (model.graph.inputs().contains("position")) asked_ = positions;
  }

  void run() const {
    const Attribution together = explained(plan_, all(), targets);
    const Tensor& any = tensors_.begin()->second;
    const auto P = static_cast<int64_t>(asked_.size()), K = static_cast<int64_t>(targets.size());
    ASSERT_EQ(together.relevance.size(0), any.size(0) * P * K);
    for (int64_t p = 0; p < P; ++p) {
      for (int64_t k = 0; k < K; ++k) {
        const auto position = static_cast<size_t>(p), target = static_cast<size_t>(k);
        SCOPED_TRACE(targets[target] + " at " + asked_[position]);
        const Attribution alone = explained(plan_, asked_[position], {targets[target]});
        const auto rows = [&](const Tensor& t) {
          return t.unflatten(0, {-1, P, K}).select(1, p).select(1, k);
        };
        compare(rows(together.relevance), alone.relevance);
        compare(rows(together.logits), alone.logits);
        compare(rows(together.score), alone.score);
        EXPECT_TRUE(rows(together.target.target).equal(alone.target.target));
        EXPECT_TRUE(rows(together.example).equal(alone.example));
        if (together.position.defined()) {
          EXPECT_TRUE(rows(together.position).equal(alone.position));
        }
        if (alone.relevance_token.defined()) compare(rows(together.relevance_token), alone.relevance_token);
      }
    }
    // Parts that divide the rows of an example, and parts that leave a rest.
    for (const int64_t at_once : {2, 5, 8})
      compare(explained(plan_, all(), targets, at_once).relevance, together.relevance);
  }

  void audit() const {
    const Attribution audited =
        explained(make_plan(model_.graph, composite_, /*audit=*/true), all(), targets, /*rows_at_once=*/4);
    expect_balance(builtin_registry(), *audited.ledger);
    EXPECT_TRUE(audited.ledger->seed.allclose(audited.score.to(at::kDouble)));
  }

 private:
  /// Every position that is asked for, as `--position` takes them.
  std::string all() const { return fmt::format("{}", fmt::join(asked_, ",")); }

  Attribution explained(const Plan& plan, const std::string& position, const std::vector<std::string>& wanted,
                        int64_t rows_at_once = 0) const {
    const auto tensor = [&](const char* key) { return tensors_.contains(key) ? tensors_.at(key) : Tensor(); };
    ExplainOptions options;
    options.targets = wanted;
    options.rows_at_once = rows_at_once;
    const Inputs inputs =
        model_.image
            ? prepare_image(model_, {tensor("pixel_values"), {}})
            : prepare_text(model_,
                           {tensor("input_ids"), tensor("attention_mask"), {}, tensor("token_type_ids")},
                           position);
    return explain(plan, inputs, model_.labels, options);
  }

  void compare(const Tensor& ours, const Tensor& expected) const {
    EXPECT_LT(relative_difference(ours, expected), rows_tolerance(composite_.name));
  }

  const Model& model_;
  Composite composite_;
  Plan plan_;
  Inputs tensors_;
  std::vector<std::string> asked_{"last"};
};

}  // namespace

void expect_many_equal_one_by_one(const Model& model, const std::map<std::string, Tensor>& tensors) {
  const Inputs three = three_examples(model, tensors);
  Inputs one;
  for (const auto& [key, tensor] : tensors) one[key] = tensor.slice(0, 0, 1);
  for (const std::string& composite :
       {model.default_composite, std::string("gradient-x-input"), std::string("lrp-epsilon")}) {
    SCOPED_TRACE(composite);
    for (const Inputs& inputs : {one, three}) {
      SCOPED_TRACE(inputs.begin()->second.size(0));
      const Comparison comparison(model, composite, inputs);
      comparison.run();
      comparison.audit();
    }
  }
}

}  // namespace lrpp::testing
