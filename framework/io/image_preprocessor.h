#pragma once

#include <lrpp/framework/io/image_resize.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/picture_part.h>
#include <lrpp/framework/tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lrpp {

/// What is done to a picture before a model sees it, in this order.
struct ImageSteps {
  enum class Resize { none, exact, shortest_edge };
  /// How the cropped part is placed where the rest is odd: torchvision rounds half to even, the slow image
  /// processors of Hugging Face round down.
  enum class Crop { none, half_to_even, down };

  std::string source;  ///< the file that says so
  Resize resize = Resize::none;
  int64_t height = 0, width = 0;  ///< of an exact resize
  int64_t edge = 0;               ///< of the other: the shorter side, the longer one in proportion
  Resampling resampling = Resampling::bilinear;
  Crop crop = Crop::none;
  int64_t crop_height = 0, crop_width = 0;  ///< about the centre; black where the picture is smaller
  double rescale_factor = 1;                ///< multiplies pixels of 0 to 255
  std::vector<double> mean, std;            ///< of each channel; empty where pixels are not normalised
};

/// The steps as a record of an explanation.
Json to_json(const ImageSteps& steps);

/// Reads them from a model's directory: its preprocessor_config.json (Hugging Face: ViT, DeiT, ConvNext, Bit
/// and CLIP processors, or none named), else the `pretrained_cfg` of its config.json (timm). `channels` is
/// what the model takes. Throws UserError where neither is there (saying what to write), for keys and values
/// that change the result and are not supported, and for numbers that make no sense.
ImageSteps read_image_steps(const std::filesystem::path& directory, int64_t channels);

struct PreprocessedImage {
  Tensor pixel_values;  ///< [1, C, H, W], float64
  Image shown;          ///< the resized and cropped picture: [H, W, C]
  PicturePart seen;     ///< the part of the picture that `shown` shows
};

/// Takes the steps. The picture must have the channels that the steps were read for.
PreprocessedImage preprocess(const Image& image, const ImageSteps& steps);

}  // namespace lrpp
