#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::random;

constexpr int64_t layers = 34, tokens = 16384, width = 32, hidden = 128;
/// In bytes: what enters a layer, [1, tokens, width] of float32, and what its rules read, the input of its
/// activation.
constexpr int64_t entry = tokens * width * 4, whole = tokens * hidden * 4;

/// A residual stack x + W2 silu(W1 (norm(x) + bias)), with the mean of its tokens for a head. The bias is an
/// input that all layers share but the last.
Graph stack() {
  GraphBuilder builder;
  const Value x = builder.input("x"), bias = builder.input("bias");
  const auto weight = [](int64_t rows, int64_t columns, int64_t seed) {
    return std::make_shared<ops::Linear>(
        (random({rows, columns}, static_cast<uint64_t>(seed)) / columns).to(at::kFloat));
  };
  Value stream = x;
  for (int64_t i = 0; i < layers; ++i) {
    const std::string layer = std::to_string(i) + ".";
    const auto norm = std::make_shared<ops::RmsNorm>(at::ones({width}));
    Value normed = builder.add(layer + "norm", norm, {stream});
    if (i + 1 < layers) normed = builder.add(layer + "bias", std::make_shared<ops::Add>(), {normed, bias});
    const Value up = builder.add(layer + "up", weight(hidden, width, 2 * i), {normed});
    const Value act = builder.add(layer + "act", std::make_shared<ops::Silu>(), {up});
    const Value down = builder.add(layer + "down", weight(width, hidden, 2 * i + 1), {act});
    stream = builder.add(layer + "add", std::make_shared<ops::Add>(), {stream, down});
  }
  const Value mean = builder.add("mean", std::make_shared<ops::MeanTokens>(), {stream});
  return std::move(builder).finish(x, mean);
}

struct Explained {
  Tensor relevance;
  int64_t peak = 0;  ///< of large tensors, in bytes
};

Explained explain_with(const MemoryOptions& memory) {
  static const Tensor x = random({1, tokens, width}).to(at::kFloat), bias = random({width}).to(at::kFloat);
  static const Plan plan = make_plan(stack(), builtin_registry().make_composite("mamba-lrp"));
  EXPECT_EQ(plan.segments.size(), static_cast<size_t>(layers));
  release_freed_memory();
  const int64_t before = heap_use().in_use;
  ExplainOptions options;
  options.memory = memory;
  const Tensor relevance = explain(plan, {{"x", x}, {"bias", bias}}, {}, options).relevance;
  return {relevance, heap_use().peak - before};
}

class Keeping : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    keep_freed_memory();
    kept = explain_with({Recompute::never});
  }
  static void TearDownTestSuite() { kept = {}; }
  static Explained kept;
};
Explained Keeping::kept;

/// Within a layer there are at one time what its rules read, three more values of that size (signals at both
/// ends of the activation, and its factor), the stream, its signal, and what enters the norm and leaves it.
constexpr int64_t inside = 4 * whole + 5 * entry;

TEST_F(Keeping, WhatEntersTheLayersStandsInForWhatTheirRulesRead) {
  EXPECT_GE(kept.peak, layers * whole);
  const Explained again = explain_with({Recompute::always});
  EXPECT_TRUE(again.relevance.equal(kept.relevance));
  EXPECT_LE(again.peak, layers * entry + inside);
}

TEST_F(Keeping, WhereThatDoesNotFitRunsOfLayersAreComputedAgain) {
  // What enters all layers does not fit, what enters each third does.
  constexpr int64_t room = layers / 3 * entry + 3 * entry + inside;
  static_assert(layers * entry + 3 * whole > room * 11 / 10, "the test would show nothing");
  const Explained again = explain_with({Recompute::automatic, used_memory(at::kCPU) + room});
  EXPECT_TRUE(again.relevance.equal(kept.relevance));
  // The limit is of the whole process, which takes a little for other things too.
  EXPECT_LE(again.peak, room * 11 / 10);
}

TEST_F(Keeping, TheLastLayersThatFitAreKept) {
  // Of most layers what enters them, and all of the last eight.
  constexpr int64_t room = (layers - 8) * entry + 8 * whole + 4 * whole;
  const Explained some = explain_with({Recompute::automatic, used_memory(at::kCPU) + room});
  EXPECT_TRUE(some.relevance.equal(kept.relevance));
  EXPECT_GT(some.peak, layers * entry + inside) << "no layer was kept";
  EXPECT_LE(some.peak, room * 11 / 10);
}

TEST_F(Keeping, WithRoomForAllEverythingIsKept) {
  const Explained automatic = explain_with({Recompute::automatic, used_memory(at::kCPU) + kept.peak * 3 / 2});
  EXPECT_TRUE(automatic.relevance.equal(kept.relevance));
  // What enters the first layer is kept until it is known that it need not be.
  EXPECT_GE(automatic.peak, kept.peak);
  EXPECT_LE(automatic.peak, kept.peak + entry);
}

}  // namespace
}  // namespace lrpp
