#include <lrpp/cli/inputs.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

constexpr uint64_t max_text_bytes = uint64_t{1} << 28;

/// Unlike fmt::print, throws nothing where standard error cannot be written.
void warn(const std::string& message) { std::fputs(("lrpp: warning: " + message + "\n").c_str(), stderr); }

void read_text(const Request& request, Prepared& prepared) {
  if (request.text) {
    prepared.text = *request.text;
  } else {
    prepared.text = read_file(request.text_file, max_text_bytes, "text file");
    // The line end of a text file is the file's, not the text's.
    while (!prepared.text.empty() && (prepared.text.back() == '\n' || prepared.text.back() == '\r')) {
      prepared.text.pop_back();
    }
  }
  require(!prepared.text.empty(), "text", "a text to explain must not be empty");
  require(prepared.tokenizer.has_value(), "text",
          "'{}' has no tokenizer.json; give token ids with --input F.safetensors",
          prepared.model.directory.string());
  Encoding encoding = prepared.tokenizer->encode(prepared.text);
  if (encoding.truncated > 0) {
    warn(fmt::format("tokenizer.json truncates: {} token(s) of the text were cut off and are not explained",
                     encoding.truncated));
  }
  const bool any =
      std::find(encoding.special.begin(), encoding.special.end(), false) != encoding.special.end();
  require(any, "text", "the text holds no token that the model's tokenizer knows of (only white space?)");
  prepared.tokens.input_ids = at::tensor(encoding.ids, at::kLong).unsqueeze(0);
  prepared.encoding = std::move(encoding);
}

void read_pictures(const Request& request, Prepared& prepared) {
  const ImageShape& shape = *prepared.model.image;
  const ImageSteps steps = read_image_steps(prepared.model.directory, shape.channels);
  std::vector<Tensor> batch;
  for (const std::string& path : request.images) {
    std::vector<std::string> warnings;
    const Image image = read_image(path, shape.channels, warnings);
    for (const std::string& warning : warnings) warn(warning);
    PreprocessedImage made = preprocess(image, steps);
    const Image& shown = made.shown;
    const auto fits = [&](int64_t height, int64_t width) {
      return (height == 0 || height == shown.height) && (width == 0 || width == shown.width);
    };
    require(fits(shape.height, shape.width), fmt::format("preprocessor {}", steps.source),
            "the model takes pictures of {} x {}, and this makes one of {} x {}; change its size or crop",
            shape.width, shape.height, shown.width, shown.height);
    if (!batch.empty()) {
      const Image& first = prepared.pictures[0].shown;
      require(fits(first.height, first.width), fmt::format("image {}", path),
              "pictures that are explained together must have one size; '{}' is made {} x {} and this one {} "
              "x {}. Explain them one at a time",
              request.images[0], first.width, first.height, shown.width, shown.height);
    }
    batch.push_back(std::move(made.pixel_values));
    prepared.pictures.push_back({path, image.height, image.width, std::move(made.shown), made.seen});
  }
  prepared.pixels.pixel_values = at::cat(batch);
  prepared.preprocessing = to_json(steps);
}

void read_tensors(const std::string& path, Prepared& prepared) {
  const SafetensorsFile file(path);
  const std::string where = fmt::format("input {}", path);
  const bool sees = prepared.model.image.has_value();
  const std::vector<std::string> known =
      sees ? std::vector<std::string>{"pixel_values", "target"}
           : std::vector<std::string>{"input_ids", "attention_mask", "token_type_ids", "target"};
  for (const auto& [name, info] : file.tensors()) {
    const bool earlier_output = name == "logits" || name == "contrast" || name == "relevance" ||
                                name == "relevance_token" || name == "example" || name == "position" ||
                                name.starts_with("layer.");
    require(earlier_output || std::find(known.begin(), known.end(), name) != known.end(), where,
            "this model reads no tensor '{}'; {}", name, list_known(name, known));
  }
  require(file.tensors().contains(known[0]), where, "has no tensor '{}' {}", known[0],
          sees ? "[B,C,H,W], floating point" : "[B,T] int64");
  const auto get = [&](const char* name) {
    return file.tensors().contains(name) ? file.get(name).clone() : Tensor();
  };
  if (sees) {
    prepared.pixels = {get("pixel_values"), get("target")};
  } else {
    prepared.tokens = {get("input_ids"), get("attention_mask"), get("target"), get("token_type_ids")};
  }
}

}  // namespace

void check_one_input(const Request& request) {
  const int given = (request.text ? 1 : 0) + (request.text_file.empty() ? 0 : 1) +
                    (request.input.empty() ? 0 : 1) + (request.images.empty() ? 0 : 1);
  require(given == 1, "input", "give exactly one of --text, --text-file, --input and --image; got {}", given);
}

void read_inputs(const Request& request, Prepared& prepared) {
  const Model& model = prepared.model;
  const bool text = request.text || !request.text_file.empty();
  require(!model.image || !text, "text", "model type '{}' sees; use --image, or --input with pixel_values",
          model.model_type);
  require(model.image || request.images.empty(), "image",
          "model type '{}' reads text; use --text, --text-file or --input", model.model_type);
  if (!request.input.empty()) {
    read_tensors(request.input, prepared);
  } else if (model.image) {
    read_pictures(request, prepared);
  } else {
    read_text(request, prepared);
  }
  finish_inputs(request, prepared);
}

void finish_inputs(const Request& request, Prepared& prepared) {
  const Model& model = prepared.model;
  if (!model.image) {
    prepared.inputs = prepare_text(model, prepared.tokens, request.position);
    return;
  }
  require(request.position == "last", "position",
          "'{}' was asked for, but a model that sees answers for the whole picture; leave --position out",
          request.position);
  prepared.inputs = prepare_image(model, prepared.pixels);
}

}  // namespace lrpp::cli
