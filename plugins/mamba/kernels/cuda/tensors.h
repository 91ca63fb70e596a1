#pragma once

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_bf16.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cuda/rows.h>

/// Tensors as the CUDA kernels read and write them, and what every launch needs.
namespace lrpp::mamba::cuda {

template <class T>
Rows<T> rows(const at::Tensor& tensor) {
  auto* data = static_cast<T*>(const_cast<void*>(tensor.const_data_ptr()));
  const bool aligned = reinterpret_cast<uintptr_t>(data) % (4 * sizeof(T)) == 0 &&
                       tensor.stride(0) % 4 == 0 && tensor.stride(1) % 4 == 0;
  return {data, tensor.stride(0), tensor.stride(1), aligned};
}

/// Calls `body` with a value of the type that a kernel has for the dtype: float32 or bfloat16.
template <class Body>
void with_type(at::ScalarType dtype, Body body) {
  if (dtype == at::kBFloat16) {
    body(__nv_bfloat16{});
  } else {
    body(float{});
  }
}

/// Whether the kernels can take data of this dtype and number of examples; anything else is composed.
inline bool has_kernels_for(const at::Tensor& lead) {
  constexpr int64_t most_blocks = 65535;  // of a grid's third dimension, one for each example
  return lead.defined() && lead.dim() == 3 && lead.size(0) <= most_blocks &&
         (lead.scalar_type() == at::kFloat || lead.scalar_type() == at::kBFloat16);
}

/// The device and the stream that a launch goes to.
struct Launch {
  explicit Launch(const at::Tensor& tensor)
      : guard(tensor.device()),
        stream(at::cuda::getCurrentCUDAStream()),
        multiprocessors(at::cuda::getCurrentDeviceProperties()->multiProcessorCount) {}
  const c10::cuda::CUDAGuard guard;
  cudaStream_t stream;
  int multiprocessors;
};

inline void check_launch(const char* where, cudaError_t error) {
  LRPP_ASSERT(error == cudaSuccess, "{}: the CUDA kernel could not be launched: {}", where,
              cudaGetErrorString(error));
}

}  // namespace lrpp::mamba::cuda
