// What configs say about rotary embeddings, against transformers' frequencies.
#include <lrpp/adapters/transformer/config.h>
#include <lrpp/adapters/transformer/rope_config.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;
using transformer::read_rope;

/// The config of transformers 5 that says the same as this one of transformers 4.
Json as_present(const Json& old) {
  Json parameters = old["rope_scaling"].is_null() ? Json{{"rope_type", "default"}} : old["rope_scaling"];
  parameters["rope_theta"] = old["rope_theta"];
  return {{"max_position_embeddings", old["max_position_embeddings"]}, {"rope_parameters", parameters}};
}

TEST(RopeConfig, FrequenciesEqualTransformers) {
  const Json cases = read_json(testing::fixture("rope/rope.json"))["frequencies"];
  ASSERT_EQ(cases.size(), 15u);
  for (const Json& c : cases) {
    SCOPED_TRACE(c["name"].dump());
    Json old = c["config"];
    old["partial_rotary_factor"] = c["partial_rotary_factor"];
    Json present = as_present(c["config"]);
    present["rope_parameters"]["partial_rotary_factor"] = c["partial_rotary_factor"];
    const Tensor expected = at::tensor(c["frequencies"].get<std::vector<double>>(), at::kDouble);
    for (const Json& config : {old, present,
                               Json{{"max_position_embeddings", present["max_position_embeddings"]},
                                    {"rope_parameters", {{"full_attention", present["rope_parameters"]}}}}}) {
      const ops::RopeAttributes rope = read_rope(config, c["head_dim"].get<int64_t>(), {}, "test");
      const Tensor got = ops::rope_frequencies(rope, c["tokens"].get<int64_t>());
      // Element by element: the slowest pair is smaller than the fastest by orders of magnitude. 1e-13 is the
      // rounding of a power.
      ASSERT_EQ(got.sizes(), expected.sizes());
      EXPECT_LT(((got - expected) / expected).abs().max().item<double>(), 1e-13);
      EXPECT_NEAR(rope.attention_factor, c["attention_factor"].get<double>(), 1e-15);
    }
  }
}

TEST(RopeConfig, TheOldNameOfTheTypeIsKnown) {
  const Json config{{"rope_theta", 100.0}, {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}};
  const ops::RopeAttributes rope = read_rope(config, 8, {}, "test");
  EXPECT_EQ(rope.scaling, "linear");
  EXPECT_EQ(rope.factor, 2);
  EXPECT_EQ(rope.theta, 100);
}

TEST(RopeConfig, WhatIsNotSupportedIsNamed) {
  const auto fails = [](const Json& parameters, const std::vector<std::string>& parts) {
    const Json config{{"max_position_embeddings", 64}, {"rope_parameters", parameters}};
    expect_user_error([&] { read_rope(config, 8, {}, "test"); }, parts);
  };
  fails({{"rope_type", "longrope"}, {"long_factor", {1.0}}}, {"rope_type", "'longrope'", "not support"});
  fails({{"type", "mrope"}}, {"'type'", "'mrope'"});
  fails({{"rope_type", 3}}, {"rope_type", "string", "3"});
  fails({{"rope_type", "linear"}}, {"'linear' needs 'factor'"});
  fails({{"rope_type", "llama3"}, {"factor", 8.0}}, {"needs 'low_freq_factor'"});
  fails({{"rope_type", "linear"}, {"factor", 2.0}, {"beta_fast", 1.0}},
        {"'beta_fast' has no meaning", "linear"});
  fails({{"rope_type", "default"}, {"factor", 2.0}}, {"'factor' has no meaning", "default"});
  fails({{"rope_type", "default"}, {"thetta", 2.0}}, {"'thetta'", "rope_theta"});
  fails({{"rope_type", "yarn"}, {"factor", 2.0}, {"truncate", false}}, {"truncate"});
  fails({{"rope_type", "dynamic"}, {"factor", 2.0}, {"original_max_position_embeddings", 32}}, {"32", "64"});
  fails({{"partial_rotary_factor", 1.5}}, {"1.5"});
  fails({{"rope_type", "linear"}, {"factor", "2"}}, {"factor", "number"});
  fails(Json::array(), {"rope_parameters", "object"});
  const Json both{{"rope_parameters", {{"rope_type", "default"}}}, {"rope_scaling", {{"type", "linear"}}}};
  expect_user_error([&] { read_rope(both, 8, {}, "test"); }, {"rope_parameters", "rope_scaling", "differ"});
  expect_user_error([&] { read_rope({{"rope_theta", "big"}}, 8, {}, "test"); }, {"rope_theta", "number"});
}

}  // namespace
}  // namespace lrpp
