#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_resize.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace lrpp {
namespace {

// Why not LibTorch's _upsample_*2d_aa: on 8 bits it uses weights of 16 bits, which are off by a step, and in
// floating point it has no rounding between the passes, which moves pixels at hard edges by tens of steps. A
// model was trained on Pillow's pixels.

/// Weights are fixed-point numbers with this many bits behind the point, of 32 less 8 for the pixel, less 2
/// for a sum that overshoots.
constexpr int weight_bits = 22;

/// The source pixels of one target pixel, and their weights.
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

/// Triangle or cubic convolution (Keys 1981, a = -0.5) at distance `x`.
double filter(double x, Resampling resampling) {
  x = std::abs(x);
  if (resampling == Resampling::bilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

Taps taps_of(int64_t target, double scale, int64_t source_size, Resampling resampling) {
  const double widening = std::max(scale, 1.0), narrowing = 1 / widening;
  const double reach = (resampling == Resampling::bilinear ? 1 : 2) * widening;
  const double centre = (static_cast<double>(target) + 0.5) * scale;
  Taps taps;
  taps.first = std::max<int64_t>(static_cast<int64_t>(centre - reach + 0.5), 0);
  const int64_t end = std::min(static_cast<int64_t>(centre + reach + 0.5), source_size);
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = taps.first; i < end; ++i) {
    weights.push_back(filter((static_cast<double>(i) - centre + 0.5) * narrowing, resampling));
    sum += weights.back();
  }
  for (double weight : weights) {
    if (sum != 0) weight *= 1 / sum;
    const double fixed = weight * (1 << weight_bits);
    taps.weights.push_back(static_cast<int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
  }
  return taps;
}

uint8_t to_byte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> weight_bits, 0, 255)); }

constexpr int32_t half = 1 << (weight_bits - 1);

Image resize_rows(const Image& image, int64_t width, Resampling resampling) {
  Image result{image.height, width, image.channels, {}};
  result.pixels.resize(static_cast<size_t>(image.height * width * image.channels));
  const double scale = static_cast<double>(image.width) / static_cast<double>(width);
  const int64_t channels = image.channels;
  std::vector<Taps> taps;
  for (int64_t x = 0; x < width; ++x) taps.push_back(taps_of(x, scale, image.width, resampling));
  uint8_t* target = result.pixels.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + y * image.width * channels;
    for (const Taps& t : taps) {
      for (int64_t c = 0; c < channels; ++c) {
        const uint8_t* pixel = row + t.first * channels + c;
        int32_t sum = half;
        for (const int32_t weight : t.weights) {
          sum += *pixel * weight;
          pixel += channels;
        }
        *target++ = to_byte(sum);
      }
    }
  }
  return result;
}

Image resize_columns(const Image& image, int64_t height, Resampling resampling) {
  Image result{height, image.width, image.channels, {}};
  const int64_t row = image.width * image.channels;
  result.pixels.resize(static_cast<size_t>(height * row));
  const double scale = static_cast<double>(image.height) / static_cast<double>(height);
  std::vector<int32_t> sums(static_cast<size_t>(row));
  for (int64_t y = 0; y < height; ++y) {
    const Taps taps = taps_of(y, scale, image.height, resampling);
    std::fill(sums.begin(), sums.end(), half);
    const uint8_t* source = image.pixels.data() + taps.first * row;
    for (const int32_t weight : taps.weights) {
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += source[i] * weight;
      source += row;
    }
    std::transform(sums.begin(), sums.end(), result.pixels.data() + y * row, to_byte);
  }
  return result;
}

/// The source of each target pixel. Pillow adds the step up, and so rounds as a sum does.
std::vector<int64_t> nearest(int64_t source_size, int64_t target_size) {
  const double scale = static_cast<double>(source_size) / static_cast<double>(target_size);
  std::vector<int64_t> result;
  double at = scale * 0.5;
  for (int64_t i = 0; i < target_size; ++i, at += scale)
    result.push_back(std::min(static_cast<int64_t>(at), source_size - 1));
  return result;
}

Image pick(const Image& image, int64_t height, int64_t width) {
  Image result{height, width, image.channels, {}};
  result.pixels.reserve(static_cast<size_t>(height * width * image.channels));
  const std::vector<int64_t> rows = nearest(image.height, height), columns = nearest(image.width, width);
  for (const int64_t y : rows) {
    for (const int64_t x : columns) {
      const auto pixel = image.pixels.begin() + (y * image.width + x) * image.channels;
      result.pixels.insert(result.pixels.end(), pixel, pixel + image.channels);
    }
  }
  return result;
}

}  // namespace

std::string_view to_string(Resampling resampling) {
  switch (resampling) {
    case Resampling::nearest:
      return "nearest";
    case Resampling::bilinear:
      return "bilinear";
    default:
      return "bicubic";
  }
}

Image resize(const Image& image, int64_t height, int64_t width, Resampling resampling) {
  LRPP_ASSERT(height > 0 && width > 0 && image.height > 0 && image.width > 0, "a picture without pixels");
  if (height == image.height && width == image.width) return image;
  if (resampling == Resampling::nearest) return pick(image, height, width);
  if (width == image.width) return resize_columns(image, height, resampling);
  if (height == image.height) return resize_rows(image, width, resampling);
  // The order matters, as each pass rounds and cuts off. This is Pillow's since 13.0; before, rows were
  // first.
  const bool columns_first = height < image.height && image.height - height > 2 * (image.width - width);
  return columns_first ? resize_rows(resize_columns(image, height, resampling), width, resampling)
                       : resize_columns(resize_rows(image, width, resampling), height, resampling);
}

Image crop(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width) {
  LRPP_ASSERT(height > 0 && width > 0, "a picture without pixels");
  Image result{height, width, image.channels, {}};
  result.pixels.assign(static_cast<size_t>(height * width * image.channels), 0);
  const int64_t from = std::max<int64_t>(left, 0), to = std::min(left + width, image.width);
  for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + height, image.height) && from < to; ++y) {
    const auto row = image.pixels.begin() + y * image.width * image.channels;
    std::copy(row + from * image.channels, row + to * image.channels,
              result.pixels.begin() + ((y - top) * width + from - left) * image.channels);
  }
  return result;
}

}  // namespace lrpp
