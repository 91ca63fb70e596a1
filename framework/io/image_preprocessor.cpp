#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_preprocessor.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

void check_size(double height, double width, const std::string& source) {
  require(
      height * width <= static_cast<double>(max_image_pixels), fmt::format("preprocessor {}", source),
      "it resizes this picture to {:.0f} x {:.0f}; at most {} pixels are supported. Cut the picture first",
      width, height, max_image_pixels);
}

Image resized(const Image& image, const ImageSteps& steps) {
  if (steps.resize == ImageSteps::Resize::none) return image;
  int64_t height = steps.height, width = steps.width;
  if (steps.resize == ImageSteps::Resize::shortest_edge) {
    const int64_t shorter = std::min(image.height, image.width), longer = std::max(image.height, image.width);
    const double other = std::floor(static_cast<double>(steps.edge * longer) / static_cast<double>(shorter));
    check_size(static_cast<double>(steps.edge), other, steps.source);
    height = image.height <= image.width ? steps.edge : static_cast<int64_t>(other);
    width = image.height <= image.width ? static_cast<int64_t>(other) : steps.edge;
  }
  return resize(image, height, width, steps.resampling);
}

/// Where a part of `part` of `whole` pixels begins; negative where there are not enough of them.
int64_t offset(int64_t whole, int64_t part, ImageSteps::Crop rounding) {
  const double middle = static_cast<double>(whole - part) / 2;
  if (rounding == ImageSteps::Crop::down) return static_cast<int64_t>(std::floor(middle));
  // std::nearbyint rounds half to even. Missing pixels are put after the picture first.
  return static_cast<int64_t>(whole < part ? std::ceil(middle) : std::nearbyint(middle));
}

/// Crops to the steps' size. `seen` is what the whole of `image` shows, and then what is left of that.
Image cropped(Image image, const ImageSteps& steps, PicturePart& seen) {
  if (steps.crop == ImageSteps::Crop::none) return image;
  const int64_t top = offset(image.height, steps.crop_height, steps.crop);
  const int64_t left = offset(image.width, steps.crop_width, steps.crop);
  // Multiplied first, so that whole numbers stay whole.
  const auto row = [&](int64_t y) {
    return static_cast<double>(y) * seen.bottom / static_cast<double>(image.height);
  };
  const auto column = [&](int64_t x) {
    return static_cast<double>(x) * seen.right / static_cast<double>(image.width);
  };
  const PicturePart part{row(top), column(left), row(top + steps.crop_height),
                         column(left + steps.crop_width)};
  image = crop(image, top, left, steps.crop_height, steps.crop_width);
  seen = part;
  return image;
}

}  // namespace

PreprocessedImage preprocess(const Image& image, const ImageSteps& steps) {
  PreprocessedImage result;
  result.seen = {0, 0, static_cast<double>(image.height), static_cast<double>(image.width)};
  result.shown = cropped(resized(image, steps), steps, result.seen);
  const Image& shown = result.shown;
  const Tensor bytes = at::from_blob(const_cast<uint8_t*>(shown.pixels.data()),
                                     {shown.height, shown.width, shown.channels}, at::kByte);
  Tensor pixels = bytes.permute({2, 0, 1}).to(at::kDouble, false, true, at::MemoryFormat::Contiguous) *
                  steps.rescale_factor;
  if (!steps.mean.empty()) {
    const auto by_channel = [](const std::vector<double>& values) {
      return at::tensor(values, at::kDouble).reshape({-1, 1, 1});
    };
    pixels = (pixels - by_channel(steps.mean)) / by_channel(steps.std);
  }
  result.pixel_values = pixels.unsqueeze(0);
  return result;
}

Json to_json(const ImageSteps& steps) {
  Json json = {{"source", steps.source}};
  if (steps.resize == ImageSteps::Resize::exact)
    json["resize"] = {{"height", steps.height}, {"width", steps.width}};
  if (steps.resize == ImageSteps::Resize::shortest_edge) json["resize"] = {{"shortest_edge", steps.edge}};
  if (steps.resize != ImageSteps::Resize::none) json["resample"] = to_string(steps.resampling);
  if (steps.crop != ImageSteps::Crop::none)
    json["center_crop"] = {{"height", steps.crop_height}, {"width", steps.crop_width}};
  json["rescale_factor"] = steps.rescale_factor;
  if (!steps.mean.empty()) {
    json["mean"] = steps.mean;
    json["std"] = steps.std;
  }
  return json;
}

}  // namespace lrpp
