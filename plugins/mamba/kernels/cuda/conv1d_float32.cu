#include <lrpp/plugins/mamba/kernels/cuda/conv1d.cuh>

namespace lrpp::mamba::cuda {

template cudaError_t conv1d_forward(const Convolution<float>&, int, cudaStream_t);
template cudaError_t conv1d_relevance(const Convolution<float>&, int, cudaStream_t);

}  // namespace lrpp::mamba::cuda
