#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_preprocessor_config.h>
#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lrpp {
namespace {

/// The keys of preprocessor_config.json whose value has one type; null counts as absent.
struct Keys {
  std::optional<std::string> image_processor_type, feature_extractor_type, data_format;
  std::optional<bool> do_resize, do_center_crop, do_rescale, do_normalize, do_convert_rgb, default_to_square;
  std::optional<int64_t> resample;
  std::optional<double> crop_pct, rescale_factor;
};
/// Those whose value has several.
const std::vector<std::string> other_keys = {"size", "crop_size", "image_mean", "image_std"};
/// Those that change nothing here: they say who wrote the file, or how tensors are handed out. Pictures are
/// always given the channels that the model takes, so `do_convert_rgb` (above) is none to follow either.
const std::vector<std::string> passed_over = {"processor_class", "_processor_class",  "_valid_processor_keys",
                                              "return_tensors",  "input_data_format", "disable_grouping",
                                              "device",          "model_input_names", "transformers_version"};

enum class Flow { resize_crop, resize_only, convnext };

/// What a kind of processor does where its file is silent, as transformers has it. A kind without defaults
/// must say everything.
struct Kind {
  std::string_view name;
  Flow flow;
  bool has_defaults;
  bool square;  ///< what `size` means where it is one number: both sides, or the shorter one
  int64_t size, resample, crop_size;
};
constexpr std::array<Kind, 6> kinds = {{{"ViT", Flow::resize_only, true, true, 224, 2, 0},
                                        {"DeiT", Flow::resize_crop, true, true, 256, 3, 224},
                                        {"ConvNext", Flow::convnext, true, false, 384, 2, 0},
                                        {"Bit", Flow::resize_crop, false, false, 0, 0, 0},
                                        {"CLIP", Flow::resize_crop, false, false, 0, 0, 0},
                                        {"", Flow::resize_crop, false, true, 0, 0, 0}}};
constexpr std::array<std::string_view, 4> endings = {"ImageProcessorFast", "ImageProcessorPil",
                                                     "ImageProcessor", "FeatureExtractor"};

bool erase_ending(std::string& name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  name.resize(name.size() - ending.size());
  return true;
}

class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string where, std::string source, int64_t channels)
      : json_(json), where_(std::move(where)), channels_(channels) {
    require(json.is_object(), where_, "must hold a JSON object; got {}", describe_value(json));
    keys_ = from_json_value<Keys>(json, where_, UnknownKeys::ignore);
    check_keys();
    find_kind();
    steps_.source = std::move(source);
  }

  ImageSteps read() {
    require(keys_.data_format.value_or("channels_first") == "channels_first", where_,
            "data_format must be 'channels_first'; got '{}'", *keys_.data_format);
    require(kind_->flow == Flow::convnext || !keys_.crop_pct, where_,
            "only ConvNextImageProcessor crops by 'crop_pct'; say 'size' and 'crop_size' instead");
    if (asked(keys_.do_resize, "do_resize")) read_resize();
    if (kind_->flow == Flow::resize_crop) {
      if (asked(keys_.do_center_crop, "do_center_crop")) read_crop();
    } else {
      require(!keys_.do_center_crop.value_or(false), where_,
              "{} does not crop by 'do_center_crop'; set it to false, or leave the processor's name out",
              type_);
    }
    if (asked(keys_.do_rescale, "do_rescale")) read_rescale();
    if (asked(keys_.do_normalize, "do_normalize")) read_normalize();
    return std::move(steps_);
  }

 private:
  void check_keys() const {
    std::vector<std::string> known = other_keys;
    for (const ParameterInfo& key : describe<Keys>()) known.push_back(key.name);
    for (const auto& [key, value] : json_.items()) {
      // null is how files say "not set", and do_...: false leaves a step out.
      const bool off =
          value.is_null() || (key.starts_with("do_") && value.is_boolean() && !value.get<bool>());
      const auto in = [&key = key](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), key) != names.end();
      };
      require(off || in(known) || in(passed_over), where_,
              "'{}' may change what the model sees, and is not supported; {}", key, list_known(key, known));
    }
  }

  void find_kind() {
    type_ = keys_.image_processor_type.value_or(keys_.feature_extractor_type.value_or(""));
    std::string name = type_;
    fast_ = type_.empty() || type_.ends_with("Fast");
    bool named = type_.empty();
    for (const std::string_view ending : endings) named = named || erase_ending(name, ending);
    for (const Kind& kind : kinds) {
      if (named && kind.name == name && name.empty() == type_.empty()) kind_ = &kind;
    }
    if (kind_ != nullptr) return;
    std::vector<std::string> known;
    for (const Kind& kind : kinds) {
      if (!kind.name.empty()) known.push_back(fmt::format("{}ImageProcessor", kind.name));
    }
    fail(where_, "processor '{}' is not supported; {}. If the file says all that is done, leave the name out",
         type_, list_known(type_, known));
  }

  bool asked(const std::optional<bool>& key, std::string_view name) const {
    require(key || kind_->has_defaults, where_, "'{}' must be true or false; it is missing", name);
    return key.value_or(true);
  }

  const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  int64_t side(const Json& value, std::string_view key) const {
    require(value.is_number_integer() && value > 0 && value <= largest_image_step, where_,
            "'{}' must be a whole number from 1 to {}; got {}", key, largest_image_step,
            describe_value(value));
    return value.get<int64_t>();
  }

  static bool has_only(const Json& object, const std::vector<std::string>& keys) {
    if (object.size() != keys.size()) return false;
    return std::all_of(keys.begin(), keys.end(),
                       [&](const std::string& key) { return object.contains(key); });
  }

  void set_exact(int64_t height, int64_t width) {
    steps_.resize = ImageSteps::Resize::exact;
    steps_.height = height;
    steps_.width = width;
  }

  void set_shortest_edge(int64_t edge) {
    steps_.resize = ImageSteps::Resize::shortest_edge;
    steps_.edge = edge;
  }

  void read_resize() {
    const Json* size = find("size");
    require(size != nullptr || kind_->has_defaults, where_, "'do_resize' needs 'size'");
    const bool square = keys_.default_to_square.value_or(kind_->square);
    const int64_t one_number = size == nullptr ? kind_->size : size->is_primitive() ? side(*size, "size") : 0;
    if (one_number > 0) {
      if (square) {
        set_exact(one_number, one_number);
      } else {
        set_shortest_edge(one_number);
      }
    } else if (has_only(*size, {"height", "width"})) {
      set_exact(side((*size)["height"], "size.height"), side((*size)["width"], "size.width"));
    } else if (has_only(*size, {"shortest_edge"})) {
      set_shortest_edge(side((*size)["shortest_edge"], "size.shortest_edge"));
    } else {
      fail(where_, R"('size' must be {{"height": H, "width": W}}, {{"shortest_edge": N}} or N; got {})",
           size->dump());
    }
    require(keys_.resample || kind_->has_defaults, where_, "'do_resize' needs 'resample'");
    steps_.resampling = resampling(keys_.resample.value_or(kind_->resample));
    if (kind_->flow == Flow::convnext) read_convnext();
  }

  Resampling resampling(int64_t number) const {
    switch (number) {
      case 0:
        return Resampling::nearest;
      case 2:
        return Resampling::bilinear;
      case 3:
        return Resampling::bicubic;
      default:
        fail(where_, "'resample' must be 0 (nearest), 2 (bilinear) or 3 (bicubic); got {}", number);
    }
  }

  /// Below 384 pixels the picture is made larger by 1 / crop_pct and then cropped; from there on, squeezed.
  void read_convnext() {
    require(steps_.resize == ImageSteps::Resize::shortest_edge, where_,
            "'size' of {} must be {{\"shortest_edge\": N}}", type_);
    const int64_t edge = steps_.edge;
    if (edge >= 384) return set_exact(edge, edge);
    const double share = keys_.crop_pct.value_or(0.875);
    require(share > 0 && share <= 1, where_, "'crop_pct' must be above 0 and at most 1; got {}", share);
    set_shortest_edge(std::min(static_cast<int64_t>(static_cast<double>(edge) / share), largest_image_step));
    set_crop(edge, edge);
  }

  void set_crop(int64_t height, int64_t width) {
    steps_.crop = fast_ ? ImageSteps::Crop::half_to_even : ImageSteps::Crop::down;
    steps_.crop_height = height;
    steps_.crop_width = width;
  }

  void read_crop() {
    const Json* size = find("crop_size");
    if (size == nullptr) {
      require(kind_->crop_size > 0, where_, "'do_center_crop' needs 'crop_size'");
      set_crop(kind_->crop_size, kind_->crop_size);
    } else if (size->is_primitive()) {
      set_crop(side(*size, "crop_size"), side(*size, "crop_size"));
    } else {
      require(has_only(*size, {"height", "width"}), where_,
              R"('crop_size' must be {{"height": H, "width": W}} or N; got {})", size->dump());
      set_crop(side((*size)["height"], "crop_size.height"), side((*size)["width"], "crop_size.width"));
    }
  }

  void read_rescale() {
    require(keys_.rescale_factor || kind_->has_defaults, where_, "'do_rescale' needs 'rescale_factor'");
    steps_.rescale_factor = keys_.rescale_factor.value_or(1.0 / 255);
    require(std::isfinite(steps_.rescale_factor) && steps_.rescale_factor > 0, where_,
            "'rescale_factor' must be a positive number; got {}", steps_.rescale_factor);
  }

  std::vector<double> by_channel(const char* key) const {
    const Json* value = find(key);
    require(value != nullptr || kind_->has_defaults, where_, "'do_normalize' needs '{}'", key);
    const auto count = static_cast<size_t>(channels_);
    if (value == nullptr) return std::vector<double>(count, 0.5);
    std::vector<double> numbers;
    const bool list = value->is_array();
    for (const Json& number : list ? *value : Json::array({*value})) {
      require(number.is_number() && std::isfinite(number.get<double>()), where_,
              "'{}' must hold numbers; got {}", key, describe_value(number));
      numbers.push_back(number.get<double>());
    }
    if (!list) numbers.assign(count, numbers.front());
    require(numbers.size() == count, where_, "'{}' must have {} number(s), as the model has channels; got {}",
            key, count, numbers.size());
    return numbers;
  }

  void read_normalize() {
    steps_.mean = by_channel("image_mean");
    steps_.std = by_channel("image_std");
    for (const double value : steps_.std)
      require(value > 0, where_, "'image_std' must hold positive numbers; got {}", value);
  }

  const Json& json_;
  std::string where_, type_;
  int64_t channels_;
  Keys keys_;
  const Kind* kind_ = nullptr;
  bool fast_ = false;
  ImageSteps steps_;
};

}  // namespace

ImageSteps read_preprocessor_config(const Json& json, const std::string& where, const std::string& source,
                                    int64_t channels) {
  return ConfigReader(json, where, source, channels).read();
}

}  // namespace lrpp
