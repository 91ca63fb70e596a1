#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/cuda/rms_norm.h>
#include <lrpp/plugins/mamba/kernels/cuda/tensors.h>
#include <torch/library.h>

namespace lrpp::mamba::cuda {
namespace {

/// Which of the kernels' types fit: those of the addend, of the residual and of the weight.
enum class Types { none, float32, bfloat16, bfloat16_on_float32 };

Types types_of(at::ScalarType x, at::ScalarType residual, at::ScalarType weight) {
  if (x == at::kFloat && residual == at::kFloat && weight == at::kFloat) return Types::float32;
  if (weight != at::kBFloat16 || x != at::kBFloat16) return Types::none;
  if (residual == at::kFloat) return Types::bfloat16_on_float32;
  return residual == at::kBFloat16 ? Types::bfloat16 : Types::none;
}

template <class Body>
void with_types(Types types, Body body) {
  using half = __nv_bfloat16;
  if (types == Types::float32) body.template operator()<float, float, float>();
  if (types == Types::bfloat16) body.template operator()<half, half, half>();
  if (types == Types::bfloat16_on_float32) body.template operator()<half, float, half>();
}

template <class T>
T* data(const Tensor& tensor) {
  return static_cast<T*>(const_cast<void*>(tensor.const_data_ptr()));
}

std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& x_in, const std::optional<Tensor>& residual,
                                           const Tensor& weight, double eps) {
  // Without an addend the stream alone is normed.
  const Tensor stream = (residual ? *residual : x_in).contiguous(),
               x = residual ? x_in.contiguous() : Tensor();
  const Types types =
      weight.defined() && weight.dim() == 1 && (!residual || residual->sizes() == x_in.sizes())
          ? types_of(residual ? x.scalar_type() : weight.scalar_type(), stream.scalar_type(),
                     weight.scalar_type())
          : Types::none;
  if (types == Types::none || stream.numel() == 0 || stream.size(-1) != weight.size(0) ||
      !has_rms_norm(weight.size(0)) || weight.device() != stream.device()) {
    return add_rms_norm_composed(x_in, residual, weight, eps);
  }
  const Launch launch(stream);
  const Tensor w = weight.contiguous(), sum = residual ? at::empty_like(stream) : stream;
  const Tensor normed = at::empty_like(stream, weight.scalar_type());
  std::vector<int64_t> sizes = stream.sizes().vec();
  sizes.back() = 1;
  const Tensor rstd = at::empty(sizes, stream.options().dtype(at::kFloat));
  with_types(types, [&]<class X, class R, class W>() {
    const RmsNorm<X, R, W> norm{rstd.numel(),    weight.size(0),    x.defined() ? data<X>(x) : nullptr,
                                data<R>(stream), data<W>(w),        data<R>(sum),
                                data<W>(normed), data<float>(rstd), static_cast<float>(eps)};
    check_launch("add_rms_norm", rms_norm_forward(norm, launch.stream));
  });
  return {sum, normed, rstd};
}

std::tuple<Tensor, Tensor> relevance(const std::optional<Tensor>& m_sum, const Tensor& m_normed_in,
                                     const Tensor& rstd, const Tensor& weight, at::ScalarType wide,
                                     at::ScalarType narrow) {
  const bool fits = weight.defined() && weight.dim() == 1 && m_normed_in.size(-1) == weight.size(0) &&
                    m_normed_in.scalar_type() == weight.scalar_type() && has_rms_norm(weight.size(0)) &&
                    rstd.scalar_type() == at::kFloat &&
                    rstd.numel() * weight.size(0) == m_normed_in.numel() &&
                    (!m_sum || (m_sum->sizes() == m_normed_in.sizes() && m_sum->scalar_type() == wide));
  const Types types =
      fits ? types_of(wide == narrow ? weight.scalar_type() : narrow, wide, weight.scalar_type())
           : Types::none;
  if (types == Types::none || m_normed_in.numel() == 0)
    return add_rms_norm_relevance_composed(m_sum, m_normed_in, rstd, weight, wide, narrow);
  const Launch launch(m_normed_in);
  const Tensor m_normed = m_normed_in.contiguous(), w = weight.contiguous(), scale = rstd.contiguous();
  const Tensor m_in = m_sum ? m_sum->contiguous() : Tensor();
  const Tensor m_residual = at::empty_like(m_normed, wide);
  const Tensor m_x = wide == narrow ? m_residual : at::empty_like(m_normed, narrow);
  with_types(types, [&]<class X, class R, class W>() {
    const RmsNormRelevance<X, R, W> norm{scale.numel(),
                                         weight.size(0),
                                         m_in.defined() ? data<R>(m_in) : nullptr,
                                         data<W>(m_normed),
                                         data<W>(w),
                                         data<float>(scale),
                                         data<R>(m_residual),
                                         wide == narrow ? nullptr : data<X>(m_x)};
    check_launch("add_rms_norm_relevance", rms_norm_relevance(norm, launch.stream));
  });
  return {m_residual, m_x};
}

}  // namespace
}  // namespace lrpp::mamba::cuda

TORCH_LIBRARY_IMPL(lrpp, CUDA, library) {
  library.impl("add_rms_norm", lrpp::mamba::cuda::forward);
  library.impl("add_rms_norm_relevance", lrpp::mamba::cuda::relevance);
}
