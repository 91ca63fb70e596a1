// Any processor: 128-bit vectors, which compilers split where the processor has none.
#define LRPP_CPU_TARGET baseline
#define LRPP_CPU_VECTOR_BYTES 16
#include <lrpp/plugins/mamba/kernels/cpu/conv1d_kernel.inl>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_kernel.inl>
