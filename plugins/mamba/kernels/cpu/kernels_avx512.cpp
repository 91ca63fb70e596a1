// x86-64-v4: AVX-512 F, BW, CD, DQ and VL.
#define LRPP_CPU_TARGET avx512
#define LRPP_CPU_VECTOR_BYTES 64
#include <lrpp/plugins/mamba/kernels/cpu/conv1d_kernel.inl>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_kernel.inl>
