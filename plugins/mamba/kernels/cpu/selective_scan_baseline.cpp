// Any processor: 128-bit vectors, which compilers split where the processor has none.
#define LRPP_SCAN_TARGET baseline
#define LRPP_SCAN_VECTOR_BYTES 16
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_kernel.inl>
