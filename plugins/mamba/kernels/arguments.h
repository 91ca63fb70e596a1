#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

/// The arguments of the operations of this folder, checked: shapes, dtypes, devices. Shared by their
/// implementations for all devices. What is wrong throws UserError.
namespace lrpp::mamba {

/// How data is handed to an implementation: as it is stored, or converted to the dtype it is computed in.
enum class Data { stored, converted };

class Arguments {
 public:
  /// `lead` ([B, T, E]) gives the sizes, the dtype and the device that the others must have.
  Arguments(const char* where, const char* lead_name, const at::Tensor& lead, Data data);

  /// A weight: contiguous, in the dtype of computation, whatever floating dtype it came in.
  at::Tensor weights(const char* name, const char* axes, const at::Tensor& tensor,
                     at::IntArrayRef shape) const;
  /// Data [B, T, E], or [B, T, width], of the lead's dtype, with an innermost stride of 1.
  at::Tensor data(const char* name, const at::Tensor& tensor) const;
  at::Tensor data(const char* name, const char* axes, const at::Tensor& tensor, int64_t width) const;
  /// An uninitialised [B, T, width] of the dtype in which data is handed out.
  at::Tensor result(int64_t width) const;

  /// `out` must be [B, T, E] of the lead's dtype, hold no element twice, and share no memory with `inputs`.
  void require_output(const char* name, const at::Tensor& out, at::TensorList inputs) const;
  /// What an implementation writes instead of `out`: `out` itself where dtype and innermost stride allow it,
  /// else a new tensor, which `deliver` copies.
  at::Tensor writable(const at::Tensor& out) const;
  static void deliver(const at::Tensor& written, const at::Tensor& out);

  const char* where() const { return where_; }

  int64_t batch = 0, tokens = 0, channels = 0;
  at::ScalarType dtype = at::kFloat;    ///< of the lead, and of results
  at::ScalarType compute = at::kFloat;  ///< float64 for float64, else float32
  at::Device device = at::kCPU;

 private:
  void require_shape(const char* name, const char* axes, const at::Tensor& tensor,
                     at::IntArrayRef shape) const;
  void require_data(const char* name, const char* axes, const at::Tensor& tensor, int64_t width) const;
  void require_float(const char* name, const at::Tensor& tensor) const;

  const char* where_;
  const char* lead_name_;
  at::ScalarType handed_out_ = at::kFloat;
};

/// What all scans have. Data of their own is taken by `sizes.data`.
struct ScanInputs {
  /// A [E, N] gives the number of states.
  ScanInputs(const char* where, const char* lead_name, const at::Tensor& lead, const char* dt_name,
             const at::Tensor& dt, const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
             const at::Tensor& D, Data data);

  Arguments sizes;
  int64_t states;
  at::Tensor a, lead, dt, b, c, d;
};

/// What all convolutions have. `bias` stays undefined where there is none.
struct ConvInputs {
  /// taps [K, E] give the size of the kernel.
  ConvInputs(const char* where, const char* lead_name, const at::Tensor& lead, const at::Tensor& taps,
             const std::optional<at::Tensor>& bias, Data data);

  Arguments sizes;
  int64_t kernel;
  at::Tensor lead, taps, bias;
};

/// The dispatcher refuses undefined tensors with a message about dispatch keys: this one says which argument
/// it is.
void require_defined(const char* where, const char* name, const at::Tensor& tensor);

}  // namespace lrpp::mamba
