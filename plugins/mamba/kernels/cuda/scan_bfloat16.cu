#include <lrpp/plugins/mamba/kernels/cuda/scan.cuh>

namespace lrpp::mamba::cuda {

template void choose_chunks(Scan<__nv_bfloat16>&, int);
template cudaError_t scan_forward(const Scan<__nv_bfloat16>&, cudaStream_t);
template cudaError_t scan_relevance(const Scan<__nv_bfloat16>&, cudaStream_t);

}  // namespace lrpp::mamba::cuda
