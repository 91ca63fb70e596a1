#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_preprocessor_config.h>
#include <lrpp/framework/io/reflect_json.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

/// timm says the same in other words; what it leaves out has timm's defaults. The rest of this object tells
/// of the checkpoint's origin.
Json from_timm(const Json& cfg, const std::string& where) {
  struct TimmKeys {
    std::vector<int64_t> input_size = {3, 224, 224};
    std::optional<std::string> interpolation, crop_mode;
    std::optional<double> crop_pct;
    std::optional<std::vector<double>> mean, std;
  };
  const auto keys = from_json_value<TimmKeys>(cfg, where, UnknownKeys::ignore);
  require(keys.input_size.size() == 3 && keys.input_size[1] > 0 && keys.input_size[2] > 0 &&
              keys.input_size[1] <= largest_image_step && keys.input_size[2] <= largest_image_step,
          where, "'input_size' must be [channels, height, width]");
  const int64_t height = keys.input_size[1], width = keys.input_size[2];
  const double share = keys.crop_pct.value_or(0.875);
  require(share > 0.01 && share <= 1, where, "'crop_pct' must be above 0.01 and at most 1; got {}", share);
  const auto scaled = [&](int64_t side) {
    return std::min(static_cast<int64_t>(std::floor(static_cast<double>(side) / share)), largest_image_step);
  };
  const std::string mode = keys.crop_mode.value_or("center");
  require(mode == "center" || mode == "squash", where, "'crop_mode' must be 'center' or 'squash'; got '{}'",
          mode);
  require(mode == "squash" || height == width, where,
          "'input_size' must be square where 'crop_mode' is 'center'; got {} x {}", height, width);
  const std::string filter = keys.interpolation.value_or("bicubic");
  const std::vector<std::string> filters = {"nearest", "", "bilinear", "bicubic"};
  const auto found = std::find(filters.begin(), filters.end(), filter);
  require(found != filters.end() && !filter.empty(), where,
          "'interpolation' must be nearest, bilinear or bicubic; got '{}'", filter);
  Json size = {{"shortest_edge", scaled(height)}};
  if (mode == "squash") size = {{"height", scaled(height)}, {"width", scaled(width)}};
  return {{"do_resize", true},
          {"size", size},
          {"resample", found - filters.begin()},
          {"do_center_crop", true},
          {"crop_size", {{"height", height}, {"width", width}}},
          {"do_rescale", true},
          {"rescale_factor", 1.0 / 255},
          {"do_normalize", true},
          {"image_mean", keys.mean.value_or(std::vector<double>{0.485, 0.456, 0.406})},
          {"image_std", keys.std.value_or(std::vector<double>{0.229, 0.224, 0.225})}};
}

constexpr std::string_view torchvision_example =
    R"({"do_resize": true, "size": {"shortest_edge": 256}, "resample": 2, "do_center_crop": true, )"
    R"("crop_size": 224, "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true, )"
    R"("image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})";

}  // namespace

ImageSteps read_image_steps(const std::filesystem::path& directory, int64_t channels) {
  const std::filesystem::path file = directory / "preprocessor_config.json";
  const std::string where = fmt::format("preprocessor {}", file.string());
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return read_preprocessor_config(read_json(file), where, file.filename().string(), channels);
  const std::filesystem::path config_file = directory / "config.json";
  const Json config = read_json(config_file, Infinities::accept);
  if (config.is_object() && config.contains("pretrained_cfg")) {
    const std::string there = fmt::format("preprocessor {} pretrained_cfg", config_file.string());
    return read_preprocessor_config(from_timm(config["pretrained_cfg"], there), there,
                                    "config.json (pretrained_cfg)", channels);
  }
  fail(where,
       "the model does not say how pictures are prepared: this file is missing, and config.json has no "
       "'pretrained_cfg'. Write it; for torchvision's weights of ImageNet it holds {}",
       torchvision_example);
}

}  // namespace lrpp
