// x86-64-v3: AVX2 and FMA.
#define LRPP_CPU_TARGET avx2
#define LRPP_CPU_VECTOR_BYTES 32
#include <lrpp/plugins/mamba/kernels/cpu/conv1d_kernel.inl>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_kernel.inl>
