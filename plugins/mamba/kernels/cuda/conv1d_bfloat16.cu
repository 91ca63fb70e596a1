#include <lrpp/plugins/mamba/kernels/cuda/conv1d.cuh>

namespace lrpp::mamba::cuda {

template cudaError_t conv1d_forward(const Convolution<__nv_bfloat16>&, int, cudaStream_t);
template cudaError_t conv1d_relevance(const Convolution<__nv_bfloat16>&, int, cudaStream_t);

}  // namespace lrpp::mamba::cuda
