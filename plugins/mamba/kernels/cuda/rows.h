#pragma once

#include <cstdint>

/// Raw views that the CUDA kernels read and write: no torch header.
namespace lrpp::mamba::cuda {

/// Rows of a [B, T, width] tensor whose innermost stride is 1; the other strides count elements.
template <class T>
struct Rows {
  T* data = nullptr;
  int64_t batch_stride = 0, token_stride = 0;
  bool aligned = false;  ///< every row begins where four neighbours can be read at once
#ifdef __CUDACC__
  __device__ T* row(int64_t batch, int64_t token) const {
    return data + batch * batch_stride + token * token_stride;
  }
#endif
};

}  // namespace lrpp::mamba::cuda
