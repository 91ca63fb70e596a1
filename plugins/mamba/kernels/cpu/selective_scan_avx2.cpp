// x86-64-v3: AVX2 and FMA.
#define LRPP_SCAN_TARGET avx2
#define LRPP_SCAN_VECTOR_BYTES 32
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_kernel.inl>
