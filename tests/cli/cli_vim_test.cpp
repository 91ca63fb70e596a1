// `lrpp` on a Vision Mamba: a picture in, a heat map out; a rules file; what is refused.
#include <lrpp/framework/io/image.h>
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

class CliVim : public Cli {
 protected:
  CliVim() {
    fs::copy(fixture("vim-official/vim-16px-gamma-projections"), model_, fs::copy_options::recursive);
    write("model/preprocessor_config.json",
          R"({"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}})");
  }
  const std::string model_ = path("model");
  const std::string case_ = fixture("vim-official/vim-16px-gamma-projections/case.safetensors").string();
};

TEST_F(CliVim, APictureInAHeatMapOut) {
  const std::string image = " --image " + zoo_ + "digits-vit/example-2.png";
  const Result r =
      lrpp("explain " + model_ + image + " --output " + path("a.png") + " --output " + path("a.json"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("composite  mamba-lrp-vision"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("heat map: colours end at"), std::string::npos) << r.out;
  std::vector<std::string> warnings;
  // Two panels of 16 x 16 pixels, each 28 x 28, with a margin of 16 around.
  EXPECT_EQ(read_image(path("a.png"), 3, warnings).width, 2 * 448 + 3 * 16);
  EXPECT_EQ(read_json(path("a.json"))["shape"], Json({3, 16, 16}));
  const Result audit = lrpp("audit " + model_ + image);
  EXPECT_EQ(audit.code, 0) << audit.out;
  EXPECT_NE(audit.out.find("The ledger balances at every node"), std::string::npos) << audit.out;
}

TEST_F(CliVim, ARulesFilePutsGammaOnLayersAsTheOfficialCodeDoes) {
  Json rules = read_json(fs::path(LRPP_SOURCE_DIR) / "docs/how-to/examples/gamma-projections.json");
  rules["extends"] = {{"mamba-lrp", {{"stabilizer", 1e-6}}}};
  write("rules.json", rules.dump());
  const Result r =
      lrpp("explain " + model_ + " --input " + case_ + " --target input --dtype float64 --rules " +
           path("rules.json") + " --output " + path("a.safetensors"));
  ASSERT_EQ(r.code, 0) << r.err;
  const SafetensorsFile got(path("a.safetensors")), expected(case_);
  for (const char* name : {"logits", "relevance_token"}) {
    // Float64 on both sides; a few thousand operations deep.
    EXPECT_LT(relative_difference(got.get(name), expected.get(name)), 1e-9) << name;
  }
}

TEST_F(CliVim, WhatDoesNotFitIsRefused) {
  save_safetensors(path("x.safetensors"), {{"pixel_values", at::zeros({1, 3, 16, 20})}});
  expect_refused("explain " + model_ + " --input " + path("x.safetensors"),
                 {"[B, 3, 16, 16]", "[1, 3, 16, 20]"});
  expect_refused("explain " + model_ + " --text x", {"image"});
  Json config = read_json(fs::path(model_) / "config.json");
  config["if_rope"] = true;
  write("model/config.json", config.dump());
  expect_refused("explain " + model_ + " --input " + case_, {"'if_rope' must be false", "not support"});
}

}  // namespace
}  // namespace lrpp
