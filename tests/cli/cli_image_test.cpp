// `lrpp` on models that see: pictures and tensors in, every output, and what is refused.
#include <lrpp/framework/io/image.h>
#include <lrpp/framework/version.h>
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

class CliImage : public Cli {
 protected:
  static std::string picture(const std::string& name) { return fixture("images/" + name).string(); }
  static Image read(const std::string& path) {
    std::vector<std::string> warnings;
    return read_image(path, 3, warnings);
  }
  /// A copy of digits-cnn whose preprocessor_config.json has this in place of that.
  void copy_model(const std::string& old_words, const std::string& new_words) {
    fs::remove_all(folder_ / "model");
    fs::copy(cnn_, folder_ / "model");
    std::string config = slurp(folder_ / "model" / "preprocessor_config.json");
    const size_t at = config.find(old_words);
    ASSERT_NE(at, std::string::npos);
    write("model/preprocessor_config.json", config.replace(at, old_words.size(), new_words));
  }

  const std::string cnn_ = zoo_ + "digits-cnn", vit_ = zoo_ + "digits-vit";
  const std::string seven_ = cnn_ + "/example-1.png", second_ = cnn_ + "/example-2.png";
  const std::string explain_ = "explain " + cnn_ + " --image ";
};

TEST_F(CliImage, ExplainWritesEveryFormat) {
  const Result r = lrpp(explain_ + seven_ + " --rules epsilon-plus-flat --output " + path("a.json") +
                        " --output " + path("a.safetensors") + " --output " + path("a.png"));
  ASSERT_EQ(r.code, 0) << r.err;
  for (const char* part : {"target     7, score", "where the relevance lies", "relevance sums to",
                           "heat map: colours end at +-"})
    EXPECT_NE(r.out.find(part), std::string::npos) << part << "\n" << r.out;
  const Json json = read_json(path("a.json"));
  EXPECT_EQ(json["image"], seven_);
  EXPECT_EQ(json["image_size"], Json({28, 28}));
  EXPECT_EQ(json["shape"], Json({1, 28, 28}));
  EXPECT_EQ(json["target_label"], "7");
  EXPECT_EQ(json["preprocessing"]["mean"], Json({0.1307}));
  EXPECT_FALSE(json.contains("position"));
  EXPECT_FALSE(json.contains("position_asked"));
  ASSERT_EQ(json["relevance"].size(), 28U);
  double sum = 0;
  for (const Json& row : json["relevance"]) {
    ASSERT_EQ(row.size(), 28U);
    for (const Json& value : row) sum += value.get<double>();
  }
  EXPECT_NEAR(sum, json["sum_relevance"].get<double>(), 1e-12);  // float64 sums of 784 numbers below 1
  const SafetensorsFile file(path("a.safetensors"));
  const Tensor relevance = file.get("relevance");
  ASSERT_EQ(relevance.sizes(), (std::vector<int64_t>{1, 1, 28, 28}));
  EXPECT_EQ(relevance.index({0, 0, 9, 11}).item<float>(), json["relevance"][9][11].get<float>());
  EXPECT_EQ(file.get("logits").sizes(), (std::vector<int64_t>{1, 10}));
  EXPECT_EQ(file.get("target").item<int64_t>(), 7);
  EXPECT_FALSE(file.tensors().contains("relevance_token"));
  // Two panels of 28 x 28 pixels, each 16 x 16, with a margin of 16 around; the map is white in its corner.
  const Image map = read(path("a.png"));
  EXPECT_EQ(map.width, 16 + 448 + 16 + 448 + 16);
  EXPECT_EQ(map.pixels[static_cast<size_t>((20 * map.width + 20) * 3)], 0);
  const std::string bytes = slurp(path("a.png"));
  EXPECT_NE(bytes.find("relevance of '7'"), std::string::npos) << "the PNG says what it shows";
  EXPECT_NE(bytes.find(std::string("lrpp ") + version_string), std::string::npos);
}

TEST_F(CliImage, CanonizersAreInTheProvenance) {
  const auto canonizers = [&](const std::string& rules) {
    EXPECT_EQ(lrpp(explain_ + seven_ + " --rules " + rules + " --output " + path("a.json") + " --output " +
                   path("a.safetensors"))
                  .code,
              0);
    const Json list = read_json(path("a.json"))["canonizers"];
    const SafetensorsFile file(path("a.safetensors"));
    EXPECT_EQ(parse_json(file.metadata().at("lrpp"), "metadata")["canonizers"], list);
    return list;
  };
  const Json list = canonizers("epsilon-plus-flat");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["canonizer"], "remove-dropout");
  EXPECT_EQ(list[0]["nodes"], Json({"classifier.2", "classifier.5"}));
  EXPECT_EQ(list[1]["canonizer"], "merge-batch-norm");
  EXPECT_EQ(list[1]["nodes"].size(), 12U);
  EXPECT_TRUE(canonizers("gradient").empty());
}

TEST_F(CliImage, APage) {
  ASSERT_EQ(lrpp(explain_ + seven_ + " --output " + path("a.html")).code, 0);
  const std::string page = slurp(path("a.html"));
  EXPECT_NE(page.find("What digits-cnn saw"), std::string::npos);
  EXPECT_NE(page.find("Rules used"), std::string::npos);
}

TEST_F(CliImage, OverlayIsOnePanel) {
  ASSERT_EQ(lrpp(explain_ + seven_ + " --heat-map overlay --output " + path("a.png")).code, 0);
  EXPECT_EQ(read(path("a.png")).width, 16 + 448 + 16);
  ASSERT_EQ(lrpp(explain_ + seven_ + " --heat-map side-by-side --output " + path("a.png")).code, 0);
  EXPECT_EQ(read(path("a.png")).width, 16 + 448 + 16 + 448 + 16);
}

/// The picture has the model's size, so that its pixels become inputs by arithmetic alone.
TEST_F(CliImage, APictureIsWhatItsTensorIs) {
  std::vector<std::string> warnings;
  const Image image = read_image(seven_, 1, warnings);
  const Tensor pixels = at::tensor(image.pixels, at::kByte).to(at::kDouble).reshape({1, 1, 28, 28});
  save_safetensors(path("x.safetensors"), {{"pixel_values", (pixels / 255 - 0.1307) / 0.3081},
                                           {"target", at::tensor({7}, at::kLong)}});
  const std::string options = " --dtype float64 --output ";
  ASSERT_EQ(lrpp(explain_ + seven_ + options + path("a.safetensors")).code, 0);
  const Result r =
      lrpp("explain " + cnn_ + " --input " + path("x.safetensors") + " --target input" + options +
           path("b.safetensors") + " --output " + path("b.png") + " --output " + path("b.json"));
  ASSERT_EQ(r.code, 0) << r.err;
  const SafetensorsFile a(path("a.safetensors")), b(path("b.safetensors"));
  // x * (1/255) and x / 255 differ by a rounding.
  EXPECT_LT(relative_difference(a.get("relevance"), b.get("relevance")), 1e-10);
  // Of the tensor, the PNG shows its range as black to white.
  EXPECT_EQ(read(path("b.png")).pixels[static_cast<size_t>((20 * (16 + 448 + 16 + 448 + 16) + 20) * 3)], 0);
  const Json json = read_json(path("b.json"));
  ASSERT_EQ(json["examples"].size(), 1U) << "an input file may hold several";
  EXPECT_FALSE(json["examples"][0].contains("image"));
  EXPECT_FALSE(json.contains("preprocessing"));
}

TEST_F(CliImage, VisionTransformersHaveRelevanceOfTokens) {
  const Result r =
      lrpp("explain " + vit_ + " --image " + vit_ + "/example-2.png" + " --output " + path("a.safetensors"));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("target     5,"), std::string::npos) << r.out;
  const SafetensorsFile file(path("a.safetensors"));
  EXPECT_EQ(file.get("relevance").sizes(), (std::vector<int64_t>{1, 1, 28, 28}));
  EXPECT_EQ(file.get("relevance_token").sizes(), (std::vector<int64_t>{1, 50})) << "7 x 7 patches and [CLS]";
}

TEST_F(CliImage, SeveralPicturesAreOneBatch) {
  const Result both =
      lrpp(explain_ + seven_ + " --image " + second_ + " --dtype float64 --output " + path("both.json"));
  ASSERT_EQ(both.code, 0) << both.err;
  EXPECT_NE(both.out.find("Example 2 of 2"), std::string::npos);
  const Json examples = read_json(path("both.json"))["examples"];
  ASSERT_EQ(examples.size(), 2U);
  EXPECT_EQ(examples[0]["image"], seven_);
  EXPECT_EQ(examples[1]["image"], second_);
  ASSERT_EQ(lrpp(explain_ + second_ + " --dtype float64 --output " + path("one.json")).code, 0);
  const Json one = read_json(path("one.json"));
  EXPECT_EQ(one["target"], examples[1]["target"]);
  // The order in which LibTorch sums may depend on the batch.
  EXPECT_NEAR(one["sum_relevance"].get<double>(), examples[1]["sum_relevance"].get<double>(), 1e-9);
  expect_refused(explain_ + seven_ + " --image " + second_ + " --output " + path("both.png"),
                 {"a PNG shows one picture", "holds 2"});
  write("bad.png", "no picture");
  expect_refused(explain_ + seven_ + " --image " + path("bad.png"), {"bad.png", "neither"});
}

TEST_F(CliImage, PicturesOfEveryKindAreRead) {
  std::string arguments = "explain " + cnn_ + " --image";
  for (const char* name : {"rgb.jpg", "grey.jpg", "cmyk.jpg", "progressive.jpg", "rgb.png", "grey.png",
                           "palette.png", "one-bit.png", "rgb16.png", "interlaced.png"})
    arguments += " " + picture(name);
  const Result plain = lrpp(arguments);
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(plain.err, "");
  EXPECT_NE(plain.out.find("... and 2 more examples"), std::string::npos) << plain.out;
  const Result warned = lrpp(explain_ + picture("turned.jpg") + " " + picture("rgba.png"));
  EXPECT_EQ(warned.code, 0) << warned.err;
  for (const std::string& part : {"[image " + picture("turned.jpg") + "] the picture is turned as it asks",
                                  "[image " + picture("rgba.png") + "] the picture has transparent parts"})
    EXPECT_NE(warned.err.find("lrpp: warning: " + part), std::string::npos) << warned.err;
}

TEST_F(CliImage, FilesThatAreNoPicturesAreRefused) {
  write("text.png", "hello");
  expect_refused(explain_ + path("text.png"), {"text.png", "neither", "Check the path"});
  write("empty.png", "");
  expect_refused(explain_ + path("empty.png"), {"empty.png", "is empty"});
  const std::string jpeg = slurp(picture("rgb.jpg")), png = slurp(picture("rgb.png"));
  write("cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  expect_refused(explain_ + path("cut.jpg"), {"cut.jpg", "damaged or cut short"});
  write("cut.png", png.substr(0, png.size() / 2));
  expect_refused(explain_ + path("cut.png"), {"cut.png", "damaged or cut short"});
  write("a.png", "GIF89a");
  expect_refused(explain_ + path("a.png"), {"this one is GIF", "Convert it"});
  expect_refused(explain_ + path("none.png"), {"none.png", "does not exist"});
  expect_refused(explain_ + path("."), {"directory"});
  std::string huge = jpeg;
  huge.replace(huge.find("\xff\xc0") + 5, 4, "\xff\xdc\xff\xdc");
  write("huge.jpg", huge);
  expect_refused(explain_ + path("huge.jpg"), {"65500 x 65500", "Make it smaller"});
}

TEST_F(CliImage, WhatDoesNotFitAModelThatSeesIsRefused) {
  const std::string explain = explain_ + seven_;
  expect_refused("explain " + cnn_ + " --text x", {"sees", "--image"});
  expect_refused("explain " + zoo_ + "sst2-bert --image " + seven_, {"reads text", "--text"});
  expect_refused(explain + " --text x", {"exactly one of", "got 2"});
  expect_refused(explain + " --position first", {"'first'", "leave --position out"});
  expect_refused(explain + " --target input", {"have none"});
  expect_refused(explain + " --target 10", {"[0, 10)"});
  expect_refused(explain + " --heat-map overlay", {"--output F.png"});
  expect_refused(explain + " --heat-map above --output " + path("refused.png"), {"'above'", "side-by-side"});
  expect_refused(explain + " --rules epsilon-gamma-box", {"z-box", "'low' and 'high'"});
}

TEST_F(CliImage, PreprocessorsThatDoNotFitAreRefused) {
  const std::string explain = "explain " + path("model") + " --image " + seven_;
  copy_model("\"do_resize\"", "\"do_pad\": true, \"do_resize\"");
  expect_refused(explain, {"preprocessor_config.json]", "'do_pad'", "not supported"});
  copy_model("\"resample\": 2", "\"resample\": 1");
  expect_refused(explain, {"'resample'", "got 1"});
  fs::remove(folder_ / "model" / "preprocessor_config.json");
  expect_refused(explain, {"preprocessor_config.json]", "is missing", "Write it"});
  copy_model("\"do_resize\": true", "\"do_resize\": false");
  EXPECT_EQ(lrpp(explain).code, 0);
  expect_refused(explain + " --image " + picture("rgb.png"), {"rgb.png]", "one size", "28 x 28", "37 x 23"});
}

TEST_F(CliImage, TensorsThatDoNotFitAreRefused) {
  const auto refuse = [&](const NamedTensors& tensors, const std::vector<std::string>& parts) {
    save_safetensors(path("x.safetensors"), tensors);
    expect_refused("explain " + cnn_ + " --input " + path("x.safetensors"), parts);
  };
  const Tensor pixels = at::zeros({2, 1, 28, 28});
  refuse({{"input_ids", at::ones({1, 3}, at::kLong)}}, {"no tensor 'input_ids'", "pixel_values"});
  refuse({{"target", at::zeros({2}, at::kLong)}}, {"has no tensor 'pixel_values'"});
  refuse({{"pixel_values", pixels.squeeze(1)}}, {"[B, 1,", "[2, 28, 28]"});
  refuse({{"pixel_values", pixels.expand({2, 3, 28, 28}).contiguous()}}, {"[2, 3, 28, 28]"});
  refuse({{"pixel_values", pixels.to(at::kByte)}}, {"floating-point"});
  refuse({{"pixel_values", pixels / 0}}, {"finite"});
  refuse({{"pixel_values", pixels}, {"target", at::zeros({3}, at::kLong)}}, {"[2]", "[3]"});
}

/// Inputs of two channels have no colours: there is a map, and no picture beside or below it.
TEST_F(CliImage, ChannelsThatAreNoColoursAreNotShown) {
  const std::string model = fixture("cnn/torchvision-bottleneck-groups").string();
  save_safetensors(path("x.safetensors"), {{"pixel_values", testing::random({1, 2, 45, 38})}});
  const std::string explain =
      "explain " + model + " --input " + path("x.safetensors") + " --output " + path("a.png");
  ASSERT_EQ(lrpp(explain).code, 0);
  EXPECT_EQ(read(path("a.png")).width, 16 + 38 * 10 + 16);
  expect_refused(explain + " --heat-map overlay", {"2 channels", "side-by-side"});
}

TEST_F(CliImage, AuditBalances) {
  for (const std::string& model : {cnn_, vit_}) {
    const Result r = lrpp("audit " + model + " --image " + seven_);
    EXPECT_EQ(r.code, 0) << r.out << r.err;
    EXPECT_NE(r.out.find("The ledger balances"), std::string::npos);
  }
}

}  // namespace
}  // namespace lrpp
