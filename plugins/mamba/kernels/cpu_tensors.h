#pragma once

#include <ATen/core/Tensor.h>
#include <lrpp/plugins/mamba/kernels/cpu/rows.h>

/// Tensors as the CPU kernels read and write them.
namespace lrpp::mamba {

template <class Stored>
cpu::Rows<const Stored> rows(const at::Tensor& tensor) {
  return {static_cast<const Stored*>(tensor.const_data_ptr()), tensor.stride(0), tensor.stride(1)};
}

template <class Stored>
cpu::Rows<Stored> writable_rows(const at::Tensor& tensor) {
  return {static_cast<Stored*>(tensor.data_ptr()), tensor.stride(0), tensor.stride(1)};
}

/// Calls `body` with a value of the type in which `dtype` is stored.
template <class Body>
void with_stored(at::ScalarType dtype, Body body) {
  if (dtype == at::kDouble) {
    body(double{});
  } else if (dtype == at::kFloat) {
    body(float{});
  } else {
    body(cpu::Bfloat16{});
  }
}

}  // namespace lrpp::mamba
