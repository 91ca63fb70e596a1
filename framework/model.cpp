#include <lrpp/framework/model.h>
#include <lrpp/framework/seed.h>

namespace lrpp {
namespace {

/// The mask as int64, all ones where there is none.
Tensor checked_mask(const Tensor& ids, const Tensor& mask) {
  if (!mask.defined()) return at::ones_like(ids);
  require(mask.sizes() == ids.sizes(), "input", "attention_mask must have the shape of input_ids, {}; got {}",
          shape_string(ids.sizes()), shape_string(mask.sizes()));
  require(!mask.is_floating_point(), "input", "attention_mask must hold integers; got {}",
          at::toString(mask.scalar_type()));
  const Tensor m = mask.to(at::kLong);
  require(((m == 0) | (m == 1)).all().item<bool>(), "input", "attention_mask must hold only 0 and 1");
  require(m.sum(1).min().item<int64_t>() > 0, "input", "every example needs at least one real token");
  return m;
}

/// The number of real tokens of each example: [B].
Tensor lengths_of(const Tensor& mask) {
  require(
      (mask.slice(1, 1) <= mask.slice(1, 0, -1)).all().item<bool>(), "input",
      "padding must follow the real tokens (attention_mask 1 ... 1 0 ... 0); pad the inputs on the right");
  return mask.sum(1);
}

void check_ids(const Model& model, const Tensor& ids) {
  require(ids.defined(), "input", "a text model needs input_ids [B,T]");
  require(ids.scalar_type() == at::kLong, "input", "input_ids must be int64; got {}",
          at::toString(ids.scalar_type()));
  require(ids.dim() == 2 && ids.numel() > 0, "input",
          "input_ids must have shape [B,T] with at least one token; got {}", shape_string(ids.sizes()));
  const int64_t low = ids.min().item<int64_t>(), high = ids.max().item<int64_t>();
  require(low >= 0 && high < model.vocabulary_size, "input",
          "token ids must lie in [0, {}), the model's vocabulary; "
          "got {}",
          model.vocabulary_size, low < 0 ? low : high);
  require(model.max_tokens == 0 || ids.size(1) <= model.max_tokens, "input",
          "the model has positions for {} tokens; got {}. Shorten the text", model.max_tokens, ids.size(1));
}

Tensor checked_token_types(const Model& model, const Tensor& ids, const Tensor& types) {
  if (!types.defined()) return at::zeros_like(ids);
  require(types.scalar_type() == at::kLong && types.sizes() == ids.sizes(), "input",
          "token_type_ids must be int64 of shape {}; got {} {}", shape_string(ids.sizes()),
          at::toString(types.scalar_type()), shape_string(types.sizes()));
  const int64_t low = types.min().item<int64_t>(), high = types.max().item<int64_t>();
  require(low >= 0 && high < model.token_types, "input", "token_type_ids must lie in [0, {}); got {}",
          model.token_types, low < 0 ? low : high);
  return types;
}

void check_target(const Tensor& target, int64_t examples) {
  require(!target.defined() || target.sizes() == at::IntArrayRef{examples}, "input",
          "target must have shape [B] = [{}]; got {}", examples,
          target.defined() ? shape_string(target.sizes()) : "");
}

}  // namespace

std::map<std::string, Tensor> prepare_text(const Model& model, const TextInputs& inputs,
                                           std::string_view position) {
  const Tensor& ids = inputs.input_ids;
  check_ids(model, ids);
  check_target(inputs.target, ids.size(0));
  const Tensor mask = checked_mask(ids, inputs.attention_mask);
  require(
      !model.no_padding || mask.min().item<int64_t>() == 1, "input",
      "this model reads every token, padding too, so that attention_mask must be all ones. Explain texts of "
      "different lengths one at a time");
  const auto& known = model.graph.inputs();
  std::map<std::string, Tensor> result{{"input_ids", ids}};
  if (known.contains("position")) {
    result["position"] = resolve_position(position, lengths_of(mask));
  } else {
    require(position == "last", "position",
            "'{}' was asked for, but this model answers for the whole input; leave --position out", position);
  }
  if (known.contains("attention_mask")) result["attention_mask"] = mask;
  if (known.contains("token_type_ids")) {
    result["token_type_ids"] = checked_token_types(model, ids, inputs.token_type_ids);
  } else {
    require(!inputs.token_type_ids.defined(), "input", "this model takes no token_type_ids; leave them out");
  }
  for (auto& [name, tensor] : result) tensor = tensor.cpu();
  return result;
}

std::map<std::string, Tensor> prepare_image(const Model& model, const ImageInputs& inputs) {
  const Tensor& pixels = inputs.pixel_values;
  const ImageShape shape = model.image.value_or(ImageShape{});
  require(pixels.defined(), "input", "a model that sees needs pixel_values [B,C,H,W]");
  require(pixels.is_floating_point(), "input", "pixel_values must hold floating-point numbers; got {}",
          at::toString(pixels.scalar_type()));
  const auto fits = [](int64_t wanted, int64_t got) { return wanted == 0 || wanted == got; };
  const auto word = [](int64_t size, const char* any) {
    return size == 0 ? std::string(any) : std::to_string(size);
  };
  require(pixels.dim() == 4 && pixels.numel() > 0 && pixels.size(1) == shape.channels &&
              fits(shape.height, pixels.size(2)) && fits(shape.width, pixels.size(3)),
          "input", "pixel_values must have shape [B, {}, {}, {}]; got {}", shape.channels,
          word(shape.height, "H"), word(shape.width, "W"), shape_string(pixels.sizes()));
  require(pixels.isfinite().all().item<bool>(), "input", "pixel_values must be finite");
  check_target(inputs.target, pixels.size(0));
  return {{"pixel_values", pixels.to(model.device, model.dtype)}};
}

}  // namespace lrpp
