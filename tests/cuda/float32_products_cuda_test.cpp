// Products of float32 matrices from float16 parts, beside cuBLAS's, against float64.
#include <lrpp/framework/cuda/half_products.h>
#include <lrpp/framework/cuda/kept_parts.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/recording.h>
#include <lrpp/tests/support/models.h>
#include <torch/cuda.h>

#include <cmath>
#include <limits>

namespace lrpp {
namespace {

using namespace testing;

class Float32ProductsOnCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "this machine has no CUDA device";
    set_float32_products(Float32Products::fp16x3);
  }
  void TearDown() override { set_float32_products(Float32Products::cublas); }
};

Tensor on_gpu(at::IntArrayRef sizes, uint64_t seed) { return random(sizes, seed).to(at::kCUDA, at::kFloat); }

Tensor right_of(const Tensor& weight, WeightIs how) {
  return how == WeightIs::transposed ? weight.t() : weight;
}

/// The Frobenius norm of the difference over that of the exact product.
double error(const Tensor& got, const Tensor& x, const Tensor& weight, WeightIs how) {
  const Tensor exact = at::matmul(x.to(at::kDouble), right_of(weight, how).to(at::kDouble));
  return ((got.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// What a number loses in its parts and what is left out of each product of two are as large as a few
/// roundings of float32 (cuda/half_parts.h), and the matrix units cut sums off where float32 rounds, so the
/// errors are of the same kind as cuBLAS's, and larger by no more than this. A product without the low parts
/// has errors 1000 times cuBLAS's.
constexpr double kTimesCublas = 3;

void expect_as_exact_as_cublas(const Tensor& x, const Tensor& weight, WeightIs how) {
  const Tensor got = cuda::product_from_parts(x, weight, how, {}, false);
  EXPECT_EQ(got.sizes(), at::matmul(x, right_of(weight, how)).sizes());
  const double cublas = error(at::matmul(x, right_of(weight, how)), x, weight, how);
  EXPECT_LT(error(got, x, weight, how), kTimesCublas * cublas);
}

TEST_F(Float32ProductsOnCuda, AreAsExactAsCublas) {
  // rows, inner, outputs; odd ones, and more rows than are done at a time
  for (const auto& [rows, inner, outputs] : std::vector<std::array<int64_t, 3>>{{512, 768, 3072},
                                                                                {512, 1536, 80},
                                                                                {4096, 3072, 768},
                                                                                {257, 1001, 333},
                                                                                {33, 48, 1537},
                                                                                {1, 5, 3},
                                                                                {20000, 64, 72}}) {
    SCOPED_TRACE(fmt::format("{} x {} x {}", rows, inner, outputs));
    const Tensor x = on_gpu({rows, inner}, 1), weight = on_gpu({outputs, inner}, 2);
    expect_as_exact_as_cublas(x, weight, WeightIs::transposed);
    expect_as_exact_as_cublas(x, weight.t().contiguous(), WeightIs::plain);
  }
}

TEST_F(Float32ProductsOnCuda, TakeRowsThatLieApart) {
  const Tensor wide = on_gpu({2, 300, 1003}, 3), weight = on_gpu({130, 300}, 4);
  for (const int64_t begin : {0, 1, 4}) {
    expect_as_exact_as_cublas(wide.narrow(2, begin, 300), weight, WeightIs::transposed);
    expect_as_exact_as_cublas(wide.narrow(2, begin, 130), weight, WeightIs::plain);
  }
  expect_as_exact_as_cublas(on_gpu({300, 257}, 5).t(), weight, WeightIs::transposed);
}

TEST_F(Float32ProductsOnCuda, HaveTheRangeOfFloat32) {
  const Tensor x = on_gpu({300, 500}, 6), weight = on_gpu({400, 500}, 7);
  for (const double scale : {1e-30, 1e-20, 1e20, 1e30}) {
    SCOPED_TRACE(scale);
    expect_as_exact_as_cublas(x * scale, weight, WeightIs::transposed);
    expect_as_exact_as_cublas(x, weight * scale, WeightIs::transposed);
  }
  // The largest number, which bfloat16 would round to infinity.
  const Tensor largest = at::full_like(x, std::numeric_limits<float>::max());
  expect_as_exact_as_cublas(largest, weight * 1e-10, WeightIs::transposed);
}

/// Each row of x by each row of the weight has an error of its own, whatever the others' scales are.
TEST_F(Float32ProductsOnCuda, ScaleEachRowAndEachOutput) {
  const auto scales = [](int64_t n, uint64_t seed) {
    return at::pow(10, random({n, 1}, seed) * 3).to(at::kCUDA);
  };
  const Tensor row_scales = scales(512, 15), output_scales = scales(300, 16);
  const Tensor x = (on_gpu({512, 700}, 17) * row_scales).to(at::kFloat),
               weight = (on_gpu({300, 700}, 18) * output_scales).to(at::kFloat);
  for (const WeightIs how : {WeightIs::transposed, WeightIs::plain}) {
    const Tensor as_stored = how == WeightIs::transposed ? weight : weight.t().contiguous();
    const auto unscaled = [&](const Tensor& product) {
      return product.to(at::kDouble) / row_scales / output_scales.t();
    };
    const Tensor exact = unscaled(at::matmul(x.to(at::kDouble), weight.t().to(at::kDouble)));
    const Tensor got = unscaled(cuda::product_from_parts(x, as_stored, how, {}, false)),
                 cublas = unscaled(at::matmul(x, weight.t()));
    EXPECT_LT((got - exact).norm().item<double>(), kTimesCublas * (cublas - exact).norm().item<double>());
  }
}

/// The bound of cuda/half_parts.h, entry by entry, for rows whose numbers are far from each other: each
/// number and each left out product within 2^-22, and sums of up to 768 products whose roundings are below
/// 2^-23 of the sum of magnitudes each.
TEST_F(Float32ProductsOnCuda, LoseNoMoreThanIsSaid) {
  constexpr int64_t kInner = 512;
  const Tensor spread = at::pow(2, -at::arange(kInner, at::kDouble).remainder(15)).to(at::kCUDA);
  const Tensor x = (on_gpu({256, kInner}, 19) * spread).to(at::kFloat),
               weight = (on_gpu({256, kInner}, 20) * spread.flip(0)).to(at::kFloat);
  const Tensor exact = at::matmul(x.to(at::kDouble), weight.t().to(at::kDouble)),
               magnitudes = at::matmul(x.abs().to(at::kDouble), weight.t().abs().to(at::kDouble));
  const Tensor got = cuda::product_from_parts(x, weight, WeightIs::transposed, {}, false).to(at::kDouble);
  const double bound = std::ldexp(3.0, -22) + std::ldexp(static_cast<double>(kInner), -23);
  EXPECT_LT(((got - exact).abs() / magnitudes).max().item<double>(), bound);
  // What lies far below a row's largest is lost at 2^-39 of that: here nothing of 1 beside 2^30 but that.
  Tensor far = at::ones({256, kInner}, x.options());
  far.select(1, 0).fill_(std::ldexp(1.0F, 30));
  Tensor picks = at::zeros({256, kInner}, x.options());
  picks.select(1, 1).fill_(1);
  const Tensor ones =
      cuda::product_from_parts(far * (1 + std::ldexp(1.0F, -20)), picks, WeightIs::transposed, {}, false);
  EXPECT_LE((ones - (1 + std::ldexp(1.0F, -20))).abs().max().item<double>(), std::ldexp(1.0, 30 - 39));
}

TEST_F(Float32ProductsOnCuda, AddABias) {
  for (const int64_t outputs : {300, 301}) {
    const Tensor x = on_gpu({2, 200, 1000}, 21), weight = on_gpu({outputs, 1000}, 22),
                 bias = on_gpu({outputs}, 23);
    const Tensor without = cuda::product_from_parts(x, weight, WeightIs::transposed, {}, false);
    EXPECT_EQ(without.sizes(), (at::IntArrayRef{2, 200, outputs}));
    EXPECT_TRUE(cuda::product_from_parts(x, weight, WeightIs::transposed, bias, false).equal(without + bias));
  }
}

TEST_F(Float32ProductsOnCuda, KeepZerosAndWhatIsNotFinite) {
  Tensor x = on_gpu({300, 500}, 8), weight = on_gpu({400, 500}, 9);
  const Tensor before = cuda::product_from_parts(x, weight, WeightIs::transposed, {}, false);
  x[0].zero_();
  x[1][7] = std::numeric_limits<float>::infinity();
  x[2][8] = std::numeric_limits<float>::quiet_NaN();
  const Tensor got = cuda::product_from_parts(x, weight, WeightIs::transposed, {}, false);
  EXPECT_TRUE(got[0].eq(0).all().item<bool>());
  EXPECT_FALSE(got.slice(0, 1, 3).isfinite().any().item<bool>());
  EXPECT_TRUE(got.slice(0, 3).equal(before.slice(0, 3)));
}

TEST_F(Float32ProductsOnCuda, FollowTheWeightAndTheSetting) {
  const Tensor x = on_gpu({512, 768}, 10);
  Tensor weight = on_gpu({1024, 768}, 11);
  const ops::Linear linear(weight, on_gpu({1024}, 12));
  const auto forward = [&] { return linear.forward({x}).at(0); };
  const Tensor first = forward();
  EXPECT_GT(cuda::kept_parts().bytes(), 0);
  EXPECT_TRUE(forward().equal(first));
  weight.mul_(2);  // parts that were kept are of the weight before
  EXPECT_LT(error(forward() - linear.bias(), x, weight, WeightIs::transposed), 1e-5);
  set_float32_products(Float32Products::cublas);
  EXPECT_EQ(cuda::kept_parts().bytes(), 0);
  EXPECT_TRUE(forward().equal(at::linear(x, weight, linear.bias())));
}

TEST_F(Float32ProductsOnCuda, AreNotForGradientsNorOtherDtypes) {
  const Tensor x = on_gpu({512, 768}, 13), weight = on_gpu({1024, 768}, 14);
  const auto served = [](const Tensor& x, const Tensor& weight) {
    return fp16x3_product(x, weight, WeightIs::transposed, {}, false).has_value();
  };
  EXPECT_TRUE(served(x, weight));
  EXPECT_FALSE(served(x.clone().requires_grad_(true), weight));
  EXPECT_FALSE(served(x.to(at::kDouble), weight.to(at::kDouble)));
  EXPECT_FALSE(served(x.cpu(), weight.cpu()));
  EXPECT_FALSE(served(x.slice(0, 0, 1), weight));  // too few rows to gain
  const Tensor bias = on_gpu({1024}, 24);
  const auto served_with = [&](const Tensor& bias) {
    return fp16x3_product(x, weight, WeightIs::transposed, bias, false).has_value();
  };
  EXPECT_TRUE(served_with(bias));
  EXPECT_FALSE(served_with(bias.clone().requires_grad_(true)));
  EXPECT_FALSE(served_with(bias.to(at::kDouble)));
  EXPECT_FALSE(served_with(bias.cpu()));
  EXPECT_FALSE(served_with(bias.slice(0, 0, 1)));
}

/// A checkpoint of two layers, wide enough for the products of in_proj and out_proj to be made from parts.
void write_wide_mamba(const std::filesystem::path& folder) {
  constexpr int64_t D = 512, E = 1024, N = 16, R = 64, V = 100;
  NamedTensors weights;
  uint64_t seed = 20;
  const auto add = [&](const std::string& name, at::IntArrayRef sizes, double scale, double shift = 0) {
    weights.emplace_back(name, (random(sizes, ++seed) * scale + shift).to(at::kFloat));
  };
  add("backbone.embeddings.weight", {V, D}, 1);
  for (int layer = 0; layer < 2; ++layer) {
    const std::string block = fmt::format("backbone.layers.{}.", layer), mixer = block + "mixer.";
    add(block + "norm.weight", {D}, 0.1, 1);
    add(mixer + "A_log", {E, N}, 0.5);
    add(mixer + "D", {E}, 0.1, 1);
    add(mixer + "conv1d.weight", {E, 1, 4}, 0.5);
    add(mixer + "conv1d.bias", {E}, 0.1);
    add(mixer + "in_proj.weight", {2 * E, D}, 0.04);
    add(mixer + "x_proj.weight", {R + 2 * N, E}, 0.03);
    add(mixer + "dt_proj.weight", {E, R}, 0.1);
    add(mixer + "dt_proj.bias", {E}, 0.5, -3);
    add(mixer + "out_proj.weight", {D, E}, 0.03);
  }
  add("backbone.norm_f.weight", {D}, 0.1, 1);
  save_safetensors(folder / "model.safetensors", {weights.begin(), weights.end()});
  write_atomically(folder / "config.json",
                   R"({"model_type": "mamba", "architectures": ["MambaForCausalLM"], "hidden_size": 512,
                 "intermediate_size": 1024, "state_size": 16, "time_step_rank": 64, "num_hidden_layers": 2,
                 "conv_kernel": 4, "expand": 2, "vocab_size": 100, "use_bias": false, "use_conv_bias": true,
                 "hidden_act": "silu", "layer_norm_epsilon": 1e-5, "residual_in_fp32": true,
                 "tie_word_embeddings": true})");
}

TEST_F(Float32ProductsOnCuda, ExplainAMambaAsFloat32Does) {
  const TemporaryFolder folder;
  write_wide_mamba(folder.path());
  at::manual_seed(1);
  const Tensor ids = at::randint(100, {1, 512}, at::kLong);
  const auto explain_with = [&](at::ScalarType dtype, bool recorded) {
    const Model model = load_model(builtin_registry(), folder.path(), {dtype, at::kCUDA, false});
    const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
    const auto inputs = prepare_text(model, {ids, {}, {}, {}}, "last");
    ExplainOptions options;
    options.targets = {"3"};
    if (!recorded) return explain(plan, inputs, model.labels, options).relevance.clone();
    Recording recording(plan, inputs, model.labels, options);
    set_float32_products(Float32Products::cublas);  // what was recorded keeps its parts
    return recording.explain(inputs).relevance.clone();
  };
  const Tensor exact = explain_with(at::kDouble, false);
  const auto difference = [&](const Tensor& got) {
    return ((got.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
  };
  const Tensor got = explain_with(at::kFloat, false);
  EXPECT_TRUE(explain_with(at::kFloat, true).equal(got));
  const Tensor cublas = explain_with(at::kFloat, false);  // the setting is cublas since the recording
  EXPECT_FALSE(got.equal(cublas));
  fmt::print("relevance against float64: cublas {:.2e}, fp16x3 {:.2e}\n", difference(cublas),
             difference(got));
  EXPECT_LT(difference(got), kTimesCublas * difference(cublas));
}

}  // namespace
}  // namespace lrpp
