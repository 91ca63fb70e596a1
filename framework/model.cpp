#include <lrpp/framework/model.h>
#include <lrpp/framework/seed.h>

namespace lrpp {
namespace {

/// The number of real tokens of each example: [B].
Tensor lengths_of(const Tensor& ids, const Tensor& mask) {
  if (!mask.defined()) return at::full({ids.size(0)}, ids.size(1), at::kLong);
  require(mask.sizes() == ids.sizes(), "input", "attention_mask must have the shape of input_ids, {}; got {}",
          shape_string(ids.sizes()), shape_string(mask.sizes()));
  require(!mask.is_floating_point(), "input", "attention_mask must hold integers; got {}",
          at::toString(mask.scalar_type()));
  const Tensor m = mask.to(at::kLong);
  require(((m == 0) | (m == 1)).all().item<bool>(), "input", "attention_mask must hold only 0 and 1");
  require(
      (m.slice(1, 1) <= m.slice(1, 0, -1)).all().item<bool>(), "input",
      "padding must follow the real tokens (attention_mask 1 ... 1 0 ... 0); pad the inputs on the right");
  const Tensor lengths = m.sum(1);
  require(lengths.min().item<int64_t>() > 0, "input", "every example needs at least one real token");
  return lengths;
}

}  // namespace

std::map<std::string, Tensor> prepare_text(const Model& model, const TextInputs& inputs,
                                           std::string_view position) {
  const Tensor& ids = inputs.input_ids;
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
  require(!inputs.target.defined() || inputs.target.sizes() == at::IntArrayRef{ids.size(0)}, "input",
          "target must have shape [B] = [{}]; got {}", ids.size(0),
          inputs.target.defined() ? shape_string(inputs.target.sizes()) : "");
  const Tensor where = resolve_position(position, lengths_of(ids, inputs.attention_mask));
  return {{"input_ids", ids.to(model.device)}, {"position", where.to(model.device)}};
}

}  // namespace lrpp
