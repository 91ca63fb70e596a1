// pixel_values against those of transformers and timm (tests/fixtures/images/make.py), and configs that are
// refused.
#include <lrpp/framework/io/image_preprocessor.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/framework/io/io_test_support.h>

#include <map>

namespace lrpp {
namespace {

using test::contains;
using test::error_of;

const std::filesystem::path folder = std::filesystem::path(LRPP_TEST_FIXTURES) / "images";

/// A model's directory that holds these two files.
class ImageSteps : public ::testing::Test {
 protected:
  lrpp::ImageSteps steps(const Json& preprocessor, const Json& config = Json::object(),
                         int64_t channels = 3) {
    std::filesystem::remove(temporary_ / "preprocessor_config.json");
    if (!preprocessor.is_null()) test::put(temporary_ / "preprocessor_config.json", preprocessor.dump());
    test::put(temporary_ / "config.json", config.dump());
    return read_image_steps(temporary_.path(), channels);
  }
  std::string refused(const Json& preprocessor, const Json& config = Json::object()) {
    return error_of([&] { steps(preprocessor, config); });
  }
  static Image picture(const std::string& name, int64_t channels = 3) {
    std::vector<std::string> warnings;
    return read_image(folder / name, channels, warnings);
  }

  test::TemporaryFolder temporary_;
  const Json whole_ = {{"do_resize", true},
                       {"size", 12},
                       {"resample", 2},
                       {"do_center_crop", false},
                       {"do_rescale", true},
                       {"rescale_factor", 1.0 / 255},
                       {"do_normalize", true},
                       {"image_mean", {0.5, 0.5, 0.5}},
                       {"image_std", {0.5, 0.5, 0.5}}};
};

TEST_F(ImageSteps, PixelsAreThePeers) {
  const Json cases = read_json(folder / "steps.json");
  const SafetensorsFile expected(folder / "pixels.safetensors");
  ASSERT_EQ(cases.size(), expected.tensors().size());
  for (const auto& [name, entry] : cases.items()) {
    SCOPED_TRACE(name);
    const bool timm = entry.contains("pretrained_cfg");
    const lrpp::ImageSteps read =
        timm ? steps(nullptr, {{"pretrained_cfg", entry["pretrained_cfg"]}}) : steps(entry["config"]);
    const PreprocessedImage got = preprocess(picture(entry["picture"].get<std::string>()), read);
    const at::Tensor wanted = expected.get(name).to(at::kDouble);
    ASSERT_EQ(got.pixel_values.sizes(), wanted.sizes());
    const double difference = (got.pixel_values - wanted).abs().max().item<double>();
    // The peers rescale and normalise in float32: a few roundings of 6e-8 of values up to 255 / 0.22. Resized
    // pixels are the same to the byte, except with a Fast processor: torchvision's resize of 8 bits may be
    // one step of 255 off, which is 1 / (255 * 0.5) here.
    const double tolerance = name.ends_with("fast") ? 1.01 / 127.5 : name.ends_with("rescale") ? 1e-4 : 2e-6;
    EXPECT_LT(difference, tolerance);
    EXPECT_EQ(got.shown.height, wanted.size(2));
    EXPECT_EQ(got.shown.width, wanted.size(3));
  }
}

TEST_F(ImageSteps, GreyModels) {
  const Json config = {{"image_processor_type", "ViTImageProcessor"},
                       {"do_convert_rgb", false},
                       {"size", {{"height", 8}, {"width", 8}}},
                       {"image_mean", {0.25}},
                       {"image_std", 0.5}};
  const PreprocessedImage got = preprocess(picture("grey.png", 1), steps(config, Json::object(), 1));
  ASSERT_EQ(got.pixel_values.sizes(), (std::vector<int64_t>{1, 1, 8, 8}));
  const double first = got.pixel_values.index({0, 0, 0, 0}).item<double>();
  EXPECT_NEAR(first, (got.shown.pixels[0] / 255.0 - 0.25) / 0.5, 1e-15);  // a rounding or two of float64
  EXPECT_TRUE(contains(error_of([&] { steps(config, Json::object(), 3); }), "must have 3 number(s)"));
}

TEST_F(ImageSteps, DefaultsAndOldFiles) {
  // What transformers does where a processor's file is silent.
  lrpp::ImageSteps s = steps({{"feature_extractor_type", "ViTFeatureExtractor"}, {"size", 224}});
  EXPECT_EQ(s.resize, lrpp::ImageSteps::Resize::exact);
  EXPECT_EQ(s.height, 224);
  EXPECT_EQ(s.resampling, Resampling::bilinear);
  EXPECT_EQ(s.mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(s.crop, lrpp::ImageSteps::Crop::none);
  s = steps({{"feature_extractor_type", "ConvNextFeatureExtractor"}, {"size", 224}, {"crop_pct", nullptr}});
  EXPECT_EQ(s.resize, lrpp::ImageSteps::Resize::shortest_edge);
  EXPECT_EQ(s.edge, 256);
  EXPECT_EQ(s.crop_height, 224);
  s = steps({{"image_processor_type", "ConvNextImageProcessor"}});  // 384: squeezed, not cropped
  EXPECT_EQ(s.resize, lrpp::ImageSteps::Resize::exact);
  EXPECT_EQ(s.width, 384);
  EXPECT_EQ(s.crop, lrpp::ImageSteps::Crop::none);
  s = steps({{"image_processor_type", "DeiTImageProcessor"}});
  EXPECT_EQ(s.height, 256);
  EXPECT_EQ(s.resampling, Resampling::bicubic);
  EXPECT_EQ(s.crop_width, 224);
  EXPECT_EQ(s.crop, lrpp::ImageSteps::Crop::down);
  s = steps(nullptr, {{"pretrained_cfg", Json::object()}});
  EXPECT_EQ(s.edge, 256);
  EXPECT_EQ(s.resampling, Resampling::bicubic);
  EXPECT_EQ(s.mean[0], 0.485);
  EXPECT_EQ(s.crop, lrpp::ImageSteps::Crop::half_to_even);
  EXPECT_EQ(to_json(s)["resize"], Json({{"shortest_edge", 256}}));
  EXPECT_EQ(to_json(s)["source"], "config.json (pretrained_cfg)");
}

TEST_F(ImageSteps, CropsAreInTheMiddle) {
  // An odd rest: 7 of 10 and 12 pixels. Half to even: 1.5 is 2, 2.5 is 2; down: 1 and 2.
  Json config = whole_;
  config.update({{"do_resize", false},
                 {"do_center_crop", true},
                 {"crop_size", 7},
                 {"do_rescale", false},
                 {"do_normalize", false}});
  Image image{10, 12, 3, {}};
  for (int i = 0; i < 360; ++i) image.pixels.push_back(static_cast<uint8_t>(i / 3));
  EXPECT_EQ(preprocess(image, steps(config)).shown.pixels[0], 2 * 12 + 2);
  config["image_processor_type"] = "BitImageProcessor";
  EXPECT_EQ(preprocess(image, steps(config)).shown.pixels[0], 1 * 12 + 2);
}

TEST_F(ImageSteps, SayWhichPartWasSeen) {
  const auto seen = [&](Json changes, int64_t height, int64_t width) {
    Json config = whole_;
    config.update(changes);
    const Image image{height, width, 3, std::vector<uint8_t>(static_cast<size_t>(3 * height * width))};
    const PicturePart part = preprocess(image, steps(config)).seen;
    return std::vector<double>{part.top, part.left, part.bottom, part.right};
  };
  const Json exact = {{"size", {{"height", 5}, {"width", 7}}}};
  EXPECT_EQ(seen(exact, 30, 20), (std::vector<double>{0, 0, 30, 20})) << "stretched, and all of it";
  // 10 x 20 is made 12 x 24: the middle 12 of 24 columns are columns 5 to 15 of the file.
  Json cropped = {{"size", {{"shortest_edge", 12}}}, {"do_center_crop", true}, {"crop_size", 12}};
  EXPECT_EQ(seen(cropped, 10, 20), (std::vector<double>{0, 5, 10, 15}));
  // Of 12 x 24, 9 x 9: an odd rest, 1.5 and 7.5 rows and columns, rounded to 2 and 8 of 12 and 24.
  cropped["crop_size"] = 9;
  EXPECT_EQ(seen(cropped, 10, 20), (std::vector<double>{20 / 12.0, 160 / 24.0, 110 / 12.0, 340 / 24.0}));
  // A crop of 14 x 14 adds a row before and after the 12.
  cropped["crop_size"] = 14;
  EXPECT_EQ(seen(cropped, 10, 20), (std::vector<double>{-10 / 12.0, 100 / 24.0, 130 / 12.0, 380 / 24.0}));
}

TEST_F(ImageSteps, AModelThatSaysNothingIsToldWhatToWrite) {
  const std::string error = refused(nullptr, {{"architecture", "vgg"}});
  EXPECT_TRUE(contains(error, (temporary_ / "preprocessor_config.json").string()));
  EXPECT_TRUE(contains(error, "Write it"));
  // What the message says to write works.
  const size_t begin = error.find('{');
  const lrpp::ImageSteps s = steps(parse_json(error.substr(begin), "message"));
  EXPECT_EQ(s.edge, 256);
  EXPECT_EQ(s.crop_height, 224);
  EXPECT_EQ(s.std[2], 0.225);
}

TEST_F(ImageSteps, WhatIsNotSupportedIsNamed) {
  const auto with = [&](const std::string& key, const Json& value) {
    Json config = whole_;
    config[key] = value;
    return config;
  };
  EXPECT_NO_THROW(steps(whole_));
  EXPECT_NO_THROW(steps(with("do_pad", false)));
  EXPECT_NO_THROW(steps(with("pad_size", nullptr)));
  EXPECT_NO_THROW(steps(with("processor_class", "X")));
  for (const auto& [config, part] : std::vector<std::pair<Json, std::string>>{
           {with("do_pad", true), "'do_pad' may change"},
           {with("antialias", false), "'antialias' may change"},
           {with("do_resise", true), "Did you mean 'do_resize'"},
           {with("resample", 1), "got 1"},
           {with("resample", "bilinear"), "'resample'"},
           {with("do_resize", 1), "true or false"},
           {with("do_rescale", nullptr), "'do_rescale' must be true or false; it is missing"},
           {with("size", {{"longest_edge", 4}}), "'size' must be"},
           {with("size", 0), "from 1 to"},
           {with("size", 1 << 20), "from 1 to"},
           {with("size", "big"), "'size'"},
           {with("size", nullptr), "needs 'size'"},
           {with("do_center_crop", true), "needs 'crop_size'"},
           {with("rescale_factor", 0), "positive"},
           {with("image_std", {1, 0, 1}), "positive numbers"},
           {with("image_mean", {1, 2}), "3 number(s)"},
           {with("image_mean", {1, "x", 2}), "must hold numbers"},
           {with("data_format", "channels_last"), "channels_first"},
           {with("crop_pct", 0.9), "only ConvNextImageProcessor"},
           {with("image_processor_type", "SamImageProcessor"), "'SamImageProcessor' is not supported"},
           {with("image_processor_type", "ImageProcessor"), "is not supported"},
           {{{"image_processor_type", "ConvNextImageProcessor"}, {"size", {{"height", 3}, {"width", 3}}}},
            "shortest_edge"},
           {{{"image_processor_type", "ConvNextImageProcessor"}, {"size", 224}, {"crop_pct", 0}}, "crop_pct"},
           {{{"image_processor_type", "ViTImageProcessor"}, {"do_center_crop", true}}, "does not crop"},
           {Json::array(), "JSON object"}}) {
    EXPECT_TRUE(contains(refused(config), part)) << config.dump();
    EXPECT_TRUE(contains(refused(config), "[preprocessor ")) << config.dump();
  }
  for (const auto& [cfg, part] :
       std::vector<std::pair<Json, std::string>>{{{{"crop_mode", "border"}}, "'border'"},
                                                 {{{"interpolation", "lanczos"}}, "'lanczos'"},
                                                 {{{"input_size", {3, 10, 12}}}, "square"},
                                                 {{{"input_size", {3, 10}}}, "input_size"},
                                                 {{{"crop_pct", 0}}, "crop_pct"},
                                                 {{{"mean", {0.5}}}, "3 number(s)"}}) {
    EXPECT_TRUE(contains(refused(nullptr, {{"pretrained_cfg", cfg}}), part)) << cfg.dump();
  }
}

TEST_F(ImageSteps, ASliverIsNotBlownUp) {
  Json config = whole_;
  config["size"] = {{"shortest_edge", 4000}};
  const lrpp::ImageSteps read = steps(config);
  const Image sliver{1, 100000, 3, std::vector<uint8_t>(300000, 7)};
  EXPECT_TRUE(contains(error_of([&] { preprocess(sliver, read); }), "at most 268435456 pixels"));
}

}  // namespace
}  // namespace lrpp
