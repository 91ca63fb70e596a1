#include <lrpp/plugins/mamba/kernels/cuda/scan.cuh>

namespace lrpp::mamba::cuda {

template void choose_chunks(Scan<float>&, int);
template cudaError_t scan_forward(const Scan<float>&, cudaStream_t);
template cudaError_t scan_relevance(const Scan<float>&, cudaStream_t);

}  // namespace lrpp::mamba::cuda
