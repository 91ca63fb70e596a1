#include <lrpp/cli/builtins.h>
#include <lrpp/framework/evaluation/take_away.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::random;
using lrpp::testing::relative_difference;

/// The same float64 sums in batches of another size.
constexpr double rounding = 1e-10;

Model zoo(const std::string& name) {
  return load_model(builtin_registry(), std::filesystem::path(LRPP_SOURCE_DIR) / "zoo" / name,
                    {at::kDouble, at::kCPU, false, {}});
}

/// Two sentences of seven words, and [SEP] after them.
struct Texts {
  Model model = zoo("sst2-mamba");
  Tensor ids =
      at::tensor({2002, 3000, 200, 4100, 77, 901, 33, 2, 15, 816, 2600, 12, 530, 7000, 910, 2}, at::kLong)
          .view({2, 8});
  Inputs inputs = prepare_text(model, {ids, {}, {}}, "last");
  ValueModel values{model};
  Features features{at::arange(7, at::kLong), 0};

  Tensor logits_of(const Tensor& changed) const {
    return ValueModel(model).logits(values.inputs_with(prepare_text(model, {changed, {}, {}}, "last"),
                                                       values.values({{"input_ids", changed}})));
  }
};

Tensor mask(const std::vector<int>& kept) { return at::tensor(kept).to(at::kBool).view({-1, 7}); }

TEST(TakeAway, NothingTakenIsTheModel) {
  const Texts t;
  const Tensor plain = forward(make_forward_plan(t.model.graph, t.model.composite), t.inputs).output;
  for (const char* how : {"zero", "remove", "[PAD]", "mean"}) {
    const MaskedModel masked = masked_model(t.values, t.inputs, t.features, how);
    const Tensor logits = masked(at::tensor({1, 0, 1}, at::kLong), at::ones({3, 7}, at::kBool));
    EXPECT_LE(relative_difference(logits, plain.index_select(0, at::tensor({1, 0, 1}, at::kLong))), rounding)
        << how;
  }
}

TEST(TakeAway, ATokenIsReplacedByAnother) {
  const Texts t;
  Tensor changed = t.ids.clone();
  changed[1][2] = 0;
  changed[1][5] = 0;
  const std::string pad = resolve_way(t.model, "pad", false);
  EXPECT_EQ(pad, "[PAD]");
  const Tensor logits = masked_model(t.values, t.inputs, t.features, pad)(at::tensor({1}, at::kLong),
                                                                          mask({1, 1, 0, 1, 1, 0, 1}));
  EXPECT_LE(relative_difference(logits, t.logits_of(changed).slice(0, 1)), rounding);
}

TEST(TakeAway, ATokenIsReplacedByAZeroEmbedding) {
  const Texts t;
  Tensor embeddings = t.values.values(t.inputs).clone();
  embeddings[0][3].zero_();
  const Tensor expected = t.values.logits(t.values.inputs_with(t.inputs, embeddings)).slice(0, 0, 1);
  const Tensor logits = masked_model(t.values, t.inputs, t.features, "zero")(at::tensor({0}, at::kLong),
                                                                             mask({1, 1, 1, 0, 1, 1, 1}));
  EXPECT_LE(relative_difference(logits, expected), rounding);
}

TEST(TakeAway, RemovedTokensMakeAShorterText) {
  const Texts t;
  const Tensor logits = masked_model(t.values, t.inputs, t.features, "remove")(
      at::tensor({0, 1, 0}, at::kLong), mask({0, 1, 1, 0, 0, 1, 0,  //
                                              1, 1, 1, 1, 1, 1, 0,  //
                                              0, 0, 0, 0, 0, 0, 0}));
  const auto expect = [&](int64_t row, int64_t example, const std::vector<int64_t>& left) {
    const Tensor shorter = t.ids[example].index_select(0, at::tensor(left, at::kLong)).unsqueeze(0);
    EXPECT_LE(relative_difference(logits[row], t.logits_of(shorter)[0]), rounding) << row;
  };
  expect(0, 0, {1, 2, 5, 7});
  expect(1, 1, {0, 1, 2, 3, 4, 5, 7});
  expect(2, 0, {7});
}

TEST(TakeAway, TheOutputIsReadWhereTheLastTokenNowStands) {
  const Texts t;
  // All eight tokens are features, so that the explained one may go as well.
  const Features all{at::arange(8, at::kLong), 0};
  const MaskedModel masked = masked_model(t.values, t.inputs, all, "remove");
  const Tensor kept = at::tensor({1, 0, 1, 0, 0, 0, 0, 0}).to(at::kBool).unsqueeze(0);
  const Tensor shorter = t.ids.slice(0, 0, 1).index_select(1, at::tensor({0, 2}, at::kLong));
  EXPECT_LE(relative_difference(masked(at::tensor({0}, at::kLong), kept), t.logits_of(shorter)), rounding);
  const Tensor nothing = masked(at::tensor({0}, at::kLong), at::zeros({1, 8}, at::kBool));
  const Tensor zero = at::zeros({1, 1, t.values.values(t.inputs).size(2)}, at::kDouble);
  const Inputs one = prepare_text(t.model, {t.ids.slice(0, 0, 1).slice(1, 0, 1), {}, {}}, "last");
  EXPECT_LE(relative_difference(nothing, t.values.logits(t.values.inputs_with(one, zero))), rounding);
}

TEST(TakeAway, PatchesOfAPicture) {
  const Model model = zoo("digits-cnn");
  const Tensor pixels = random({2, model.image->channels, 28, 28}, 1);
  const Inputs inputs = prepare_image(model, {pixels, {}});
  const ValueModel values(model);
  const Features features{{}, 8};  // 4 x 4 patches, those at the edges 4 pixels wide
  Tensor kept = at::ones({2, 16}, at::kBool);
  kept[1][5] = kept[1][15] = false;
  for (const char* how : {"zero", "mean", "black", "blur"}) {
    Tensor changed = pixels.clone();
    Tensor instead = at::zeros_like(pixels);
    if (std::string(how) == "mean") instead = pixels.mean({2, 3}, true).expand_as(pixels);
    if (std::string(how) == "blur") instead = blurred(pixels);
    if (std::string(how) == "black") continue;
    changed[1].slice(1, 8, 16).slice(2, 8, 16).copy_(instead[1].slice(1, 8, 16).slice(2, 8, 16));
    changed[1].slice(1, 24).slice(2, 24).copy_(instead[1].slice(1, 24).slice(2, 24));
    const Tensor logits = masked_model(values, inputs, features, how)(at::tensor({0, 1}, at::kLong), kept);
    const Tensor expected = values.logits(values.inputs_with(inputs, changed));
    EXPECT_LE(relative_difference(logits, expected), rounding) << how;
  }
}

TEST(TakeAway, PatchesAreSummedAndSpread) {
  const Tensor pixels = random({2, 3, 7, 5}, 1);
  const Tensor sums = sum_patches(pixels, 3);
  ASSERT_EQ(sums.sizes(), (std::vector<int64_t>{2, 6}));
  EXPECT_NEAR(sums[1][0].item<double>(), pixels[1].slice(1, 0, 3).slice(2, 0, 3).sum().item<double>(), 1e-12);
  EXPECT_NEAR(sums[1][5].item<double>(), pixels[1].slice(1, 6).slice(2, 3).sum().item<double>(), 1e-12);
  const Tensor spread = spread_patches(at::arange(6, at::kDouble).unsqueeze(0), 3, 7, 5);
  ASSERT_EQ(spread.sizes(), (std::vector<int64_t>{1, 1, 7, 5}));
  EXPECT_EQ(spread[0][0][2][2].item<double>(), 0);
  EXPECT_EQ(spread[0][0][3][4].item<double>(), 3);
  EXPECT_EQ(spread[0][0][6][3].item<double>(), 5);
}

TEST(TakeAway, ABlurredPictureKeepsItsMeanColour) {
  const Tensor flat = at::full({1, 3, 28, 20}, 0.7, at::kDouble);
  EXPECT_LE((blurred(flat) - flat).abs().max().item<double>(), 1e-12) << "edges are not darkened";
  const Tensor noise = random({1, 1, 28, 28}, 2);
  EXPECT_LT(blurred(noise).std().item<double>(), 0.3 * noise.std().item<double>());
}

TEST(TakeAway, WaysThatDoNotFitAreNamed) {
  const Model text = zoo("sst2-mamba"), picture = zoo("digits-cnn");
  for (const char* how : {"", "zero", "unk", "pad", "[SEP]", "17", "mean", "remove"})
    check_way(text, how, false);
  for (const char* how : {"", "zero", "mean", "black", "blur"}) check_way(picture, how, false);
  expect_user_error([&] { check_way(text, "blur", false); }, {"'blur'"});
  expect_user_error([&] { check_way(text, "99999", false); }, {"99999"});
  expect_user_error([&] { check_way(picture, "remove", false); }, {"'remove'"});
  EXPECT_EQ(resolve_way(text, "", false), "zero");
  EXPECT_EQ(resolve_way(text, "", true), "remove");
  EXPECT_EQ(resolve_way(picture, "", false), "mean");
  EXPECT_EQ(resolve_way(picture, "", true), "blur");
}

}  // namespace
}  // namespace lrpp::evaluation
