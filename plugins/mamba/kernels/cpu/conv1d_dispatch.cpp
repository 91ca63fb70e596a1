#include <lrpp/plugins/mamba/kernels/cpu/conv1d_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu/dispatch.h>

#include <type_traits>

namespace lrpp::mamba::cpu {

LRPP_CPU_TABLE(ConvKernels<float>, float_conv_kernels)
LRPP_CPU_TABLE(ConvKernels<double>, double_conv_kernels)
LRPP_CPU_TABLE(ConvKernels<Bfloat16>, bfloat16_conv_kernels)

namespace {

template <class Stored>
const ConvKernels<Stored>& active_kernels() {
  if constexpr (std::is_same_v<Stored, float>) {
    return LRPP_CPU_ACTIVE(float_conv_kernels);
  } else if constexpr (std::is_same_v<Stored, double>) {
    return LRPP_CPU_ACTIVE(double_conv_kernels);
  } else {
    return LRPP_CPU_ACTIVE(bfloat16_conv_kernels);
  }
}

}  // namespace

template <class Stored>
int64_t conv_items(const ConvProblem<Stored>& p) {
  return p.batch * ((p.tokens + kConvTokens - 1) / kConvTokens) *
         ((p.channels + kConvChannels - 1) / kConvChannels);
}

template <class Stored>
int64_t conv_workspace(const ConvProblem<Stored>& p) {
  return p.taps * kConvChannels + kWorkspaceAlignment;
}

template <class Stored>
void conv_forward(const ConvProblem<Stored>& problem, int64_t begin, int64_t end) {
  const FlushDenormals flush;
  active_kernels<Stored>().forward(problem, begin, end);
}

template <class Stored>
void conv_relevance(const ConvProblem<Stored>& problem, int64_t begin, int64_t end) {
  const FlushDenormals flush;
  active_kernels<Stored>().relevance(problem, begin, end);
}

template <class Stored>
void conv_silu_relevance(const ConvProblem<Stored>& problem, int64_t begin, int64_t end,
                         typename ComputedIn<Stored>::Type* workspace) {
  const FlushDenormals flush;
  active_kernels<Stored>().silu_relevance(problem, begin, end, workspace);
}

#define LRPP_CONV_INSTANTIATE(S)                                         \
  template int64_t conv_items(const ConvProblem<S>&);                    \
  template int64_t conv_workspace(const ConvProblem<S>&);                \
  template void conv_forward(const ConvProblem<S>&, int64_t, int64_t);   \
  template void conv_relevance(const ConvProblem<S>&, int64_t, int64_t); \
  template void conv_silu_relevance(const ConvProblem<S>&, int64_t, int64_t, typename ComputedIn<S>::Type*);
LRPP_CONV_INSTANTIATE(float)
LRPP_CONV_INSTANTIATE(double)
LRPP_CONV_INSTANTIATE(Bfloat16)
#undef LRPP_CONV_INSTANTIATE

}  // namespace lrpp::mamba::cpu
