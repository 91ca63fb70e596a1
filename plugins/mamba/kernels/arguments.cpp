#include <ATen/ATen.h>
#include <ATen/MemoryOverlap.h>
#include <fmt/ranges.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>

namespace lrpp::mamba {
namespace {

using at::Tensor;

constexpr const char *kTokensChannels = "[B,T,E]", *kTokensStates = "[B,T,N]";

std::string describe(const Tensor& tensor) {
  return tensor.defined() ? fmt::format("[{}]", fmt::join(tensor.sizes(), ",")) : "an undefined tensor";
}

/// One past the last byte of a tensor with elements.
uintptr_t end_of(const Tensor& tensor) {
  int64_t last = 0;
  for (int64_t i = 0; i < tensor.dim(); ++i) last += (tensor.size(i) - 1) * tensor.stride(i);
  return reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) + (last + 1) * tensor.element_size();
}

/// Whether a and b, whose addresses interleave, are different columns of one wider matrix.
bool are_columns_apart(const Tensor& a, const Tensor& b) {
  if (a.dim() != 3 || b.dim() != 3) return false;
  const int64_t row = a.stride(1), size = a.element_size();
  if (row == 0 || b.stride(1) != row || b.element_size() != size || a.stride(2) != 1 || b.stride(2) != 1) {
    return false;
  }
  if (a.stride(0) % row != 0 || b.stride(0) % row != 0) return false;
  const auto bytes =
      reinterpret_cast<intptr_t>(b.const_data_ptr()) - reinterpret_cast<intptr_t>(a.const_data_ptr());
  const int64_t from_a_to_b = ((bytes / size) % row + row) % row;
  return bytes % size == 0 && from_a_to_b >= a.size(2) && from_a_to_b + b.size(2) <= row;
}

bool may_share_memory(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0 || b.numel() == 0) return false;
  const auto begin_of = [](const Tensor& t) { return reinterpret_cast<uintptr_t>(t.const_data_ptr()); };
  return begin_of(a) < end_of(b) && begin_of(b) < end_of(a) && !are_columns_apart(a, b);
}

}  // namespace

Arguments::Arguments(const char* where, const char* lead_name, const Tensor& lead, Data data)
    : where_(where), lead_name_(lead_name) {
  require_defined(where_, lead_name_, lead);
  require(lead.dim() == 3, where_, "{} must have 3 dimensions, [B,T,E]; got shape [{}]", lead_name_,
          fmt::join(lead.sizes(), ","));
  require(lead.size(1) > 0 && lead.size(2) > 0, where_,
          "{} must have at least one token and one channel; got shape [{}]", lead_name_,
          fmt::join(lead.sizes(), ","));
  require_float(lead_name_, lead);
  batch = lead.size(0), tokens = lead.size(1), channels = lead.size(2);
  dtype = lead.scalar_type();
  device = lead.device();
  compute = dtype == at::kDouble ? at::kDouble : at::kFloat;
  handed_out_ = data == Data::converted ? compute : dtype;
}

Tensor Arguments::weights(const char* name, const char* axes, const Tensor& tensor,
                          at::IntArrayRef shape) const {
  require_shape(name, axes, tensor, shape);
  require_float(name, tensor);
  return tensor.to(compute).contiguous();
}

Tensor Arguments::data(const char* name, const Tensor& tensor) const {
  return data(name, kTokensChannels, tensor, channels);
}

Tensor Arguments::data(const char* name, const char* axes, const Tensor& tensor, int64_t width) const {
  require_data(name, axes, tensor, width);
  const Tensor handed_out = tensor.to(handed_out_);
  return handed_out.stride(2) == 1 || width == 1 ? handed_out : handed_out.contiguous();
}

Tensor Arguments::result(int64_t width) const {
  return at::empty({batch, tokens, width}, at::TensorOptions(handed_out_).device(device));
}

void Arguments::require_output(const char* name, const Tensor& out, at::TensorList inputs) const {
  require_data(name, kTokensChannels, out, channels);
  require(at::has_internal_overlap(out) != at::MemOverlap::Yes, where_,
          "{} must hold each element once; got an expanded tensor", name);
  for (const Tensor& input : inputs) {
    require(!may_share_memory(out, input), where_,
            "{} must not share memory with the inputs; got one that does. Write to another tensor", name);
  }
}

Tensor Arguments::writable(const Tensor& out) const {
  const bool in_place = out.scalar_type() == handed_out_ && (out.stride(2) == 1 || channels == 1);
  return in_place ? out : result(channels);
}

void Arguments::deliver(const Tensor& written, const Tensor& out) {
  if (!written.is_same(out)) out.copy_(written);
}

void Arguments::require_shape(const char* name, const char* axes, const Tensor& tensor,
                              at::IntArrayRef shape) const {
  require(tensor.defined() && tensor.sizes() == shape, where_, "{} must have shape {} = [{}]; got {}", name,
          axes, fmt::join(shape, ","), describe(tensor));
  require(tensor.device() == device, where_, "{} must be on {}, as {} is; got {}", name, device.str(),
          lead_name_, tensor.device().str());
}

void Arguments::require_data(const char* name, const char* axes, const Tensor& tensor, int64_t width) const {
  require_shape(name, axes, tensor, {batch, tokens, width});
  require(tensor.scalar_type() == dtype, where_, "{} must have the dtype of {}, {}; got {}. Convert it first",
          name, lead_name_, c10::toString(dtype), c10::toString(tensor.scalar_type()));
}

void Arguments::require_float(const char* name, const Tensor& tensor) const {
  const at::ScalarType type = tensor.scalar_type();
  require(type == at::kFloat || type == at::kDouble || type == at::kBFloat16, where_,
          "{} must be float32, float64 or bfloat16; got {}", name, c10::toString(type));
}

ScanInputs::ScanInputs(const char* where, const char* lead_name, const Tensor& lead_in, const char* dt_name,
                       const Tensor& dt_in, const Tensor& A, const Tensor& B, const Tensor& C,
                       const Tensor& D, Data data)
    : sizes(where, lead_name, lead_in, data), states(A.defined() && A.dim() == 2 ? A.size(1) : 0) {
  require(states > 0 && A.size(0) == sizes.channels, where,
          "A must have shape [E,N] = [{},N] with N at least 1; got {}", sizes.channels, describe(A));
  a = sizes.weights("A", "[E,N]", A, {sizes.channels, states});
  lead = sizes.data(lead_name, lead_in);
  dt = sizes.data(dt_name, dt_in);
  b = sizes.data("B", kTokensStates, B, states);
  c = sizes.data("C", kTokensStates, C, states);
  d = sizes.weights("D", "[E]", D, {sizes.channels});
}

ConvInputs::ConvInputs(const char* where, const char* lead_name, const Tensor& lead_in, const Tensor& taps_in,
                       const std::optional<Tensor>& bias_in, Data data)
    : sizes(where, lead_name, lead_in, data),
      kernel(taps_in.defined() && taps_in.dim() == 2 ? taps_in.size(0) : 0) {
  require(kernel > 0 && taps_in.size(1) == sizes.channels, where,
          "taps must have shape [K,E] = [K,{}] with K at least 1; got {}", sizes.channels, describe(taps_in));
  taps = sizes.weights("taps", "[K,E]", taps_in, {kernel, sizes.channels});
  lead = sizes.data(lead_name, lead_in);
  if (bias_in && bias_in->defined()) bias = sizes.weights("bias", "[E]", *bias_in, {sizes.channels});
}

void require_defined(const char* where, const char* name, const Tensor& tensor) {
  require(tensor.defined(), where, "{} must be a tensor; got an undefined one", name);
}

}  // namespace lrpp::mamba
