#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/ranges.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <torch/library.h>

#include <algorithm>
#include <memory>

namespace lrpp::mamba {
namespace {

using at::Tensor;
using Vjp = std::tuple<Tensor, Tensor, Tensor, Tensor>;

/// The arguments of a scan, checked, and brought to the dtype it is computed in.
class Arguments {
 public:
  /// `lead` ([B, T, E]: x, or m) gives the sizes, the dtype and the device that the others must have.
  Arguments(const char* where, const char* lead_name, const Tensor& lead)
      : where_(where), lead_name_(lead_name) {
    require(lead.defined(), where_, "{} must be a tensor; got an undefined one", lead_name_);
    require(lead.dim() == 3, where_, "{} must have 3 dimensions, [B,T,E]; got shape [{}]", lead_name_,
            fmt::join(lead.sizes(), ","));
    require(lead.size(1) > 0 && lead.size(2) > 0, where_,
            "{} must have at least one token and one channel; got shape [{}]", lead_name_,
            fmt::join(lead.sizes(), ","));
    require_float(lead_name_, lead);
    batch = lead.size(0), tokens = lead.size(1), channels = lead.size(2);
    dtype = lead.scalar_type();
    device = lead.device();
    compute = dtype == at::kDouble ? at::kDouble : at::kFloat;
  }

  /// A [E, N] gives the number of states.
  Tensor weights_of_states(const Tensor& a) {
    require(a.defined() && a.dim() == 2 && a.size(0) == channels && a.size(1) > 0, where_,
            "A must have shape [E,N] = [{},N] with N at least 1; got {}", channels, describe(a));
    states = a.size(1);
    return weights("A", "[E,N]", a, {channels, states});
  }

  /// A weight: contiguous, of any floating dtype.
  Tensor weights(const char* name, const char* axes, const Tensor& tensor, at::IntArrayRef shape) const {
    require_shape(name, axes, tensor, shape);
    require_float(name, tensor);
    return tensor.to(compute).contiguous();
  }

  /// Data: [B, T, width] of the lead's dtype, with an innermost stride of 1.
  Tensor data(const char* name, const char* axes, const Tensor& tensor, int64_t width) const {
    require_shape(name, axes, tensor, {batch, tokens, width});
    require(tensor.scalar_type() == dtype, where_,
            "{} must have the dtype of {}, {}; got {}. Convert it first", name, lead_name_,
            c10::toString(dtype), c10::toString(tensor.scalar_type()));
    const Tensor converted = tensor.to(compute);
    return converted.stride(2) == 1 || width == 1 ? converted : converted.contiguous();
  }

  int64_t batch = 0, tokens = 0, channels = 0, states = 0;
  at::ScalarType dtype = at::kFloat, compute = at::kFloat;
  at::Device device = at::kCPU;

 private:
  static std::string describe(const Tensor& tensor) {
    return tensor.defined() ? fmt::format("[{}]", fmt::join(tensor.sizes(), ",")) : "an undefined tensor";
  }

  void require_shape(const char* name, const char* axes, const Tensor& tensor, at::IntArrayRef shape) const {
    require(tensor.defined() && tensor.sizes() == shape, where_, "{} must have shape {} = [{}]; got {}", name,
            axes, fmt::join(shape, ","), describe(tensor));
    require(tensor.device() == device, where_, "{} must be on {}, as {} is; got {}", name, device.str(),
            lead_name_, tensor.device().str());
  }

  void require_float(const char* name, const Tensor& tensor) const {
    const at::ScalarType type = tensor.scalar_type();
    require(type == at::kFloat || type == at::kDouble || type == at::kBFloat16, where_,
            "{} must be float32, float64 or bfloat16; got {}", name, c10::toString(type));
  }

  const char* where_;
  const char* lead_name_;
};

constexpr const char *kTokensChannels = "[B,T,E]", *kTokensStates = "[B,T,N]";

/// The checked inputs of one of the three operations; those it does not have stay undefined.
struct Inputs {
  Inputs(const char* where, const Tensor* m_in, const Tensor* x_in, const Tensor& dt_in, const Tensor& A,
         const Tensor& B, const Tensor& C, const Tensor& D)
      : sizes(where, m_in != nullptr ? "m" : "x", m_in != nullptr ? *m_in : *x_in),
        a(sizes.weights_of_states(A)) {
    if (m_in != nullptr) m = sizes.data("m", kTokensChannels, *m_in, sizes.channels);
    if (x_in != nullptr) x = sizes.data("x", kTokensChannels, *x_in, sizes.channels);
    dt = sizes.data("dt", kTokensChannels, dt_in, sizes.channels);
    b = sizes.data("B", kTokensStates, B, sizes.states);
    c = sizes.data("C", kTokensStates, C, sizes.states);
    d = sizes.weights("D", "[E]", D, {sizes.channels});
  }

  Tensor result(int64_t width) const {
    return at::empty({sizes.batch, sizes.tokens, width},
                     at::TensorOptions(sizes.compute).device(sizes.device));
  }

  Arguments sizes;
  Tensor a, m, x, dt, b, c, d;
};

template <class Scalar>
cpu::Rows<Scalar> rows(const Tensor& tensor) {
  if (!tensor.defined()) return {nullptr, 0, 0};
  return {tensor.const_data_ptr<Scalar>(), tensor.stride(0), tensor.stride(1)};
}

template <class Scalar>
cpu::ScanProblem<Scalar> problem(const Inputs& in, const Tensor& out) {
  return {in.sizes.batch,
          in.sizes.tokens,
          in.sizes.channels,
          in.sizes.states,
          rows<Scalar>(in.x),
          rows<Scalar>(in.dt),
          rows<Scalar>(in.m),
          rows<Scalar>(in.b),
          rows<Scalar>(in.c),
          in.a.const_data_ptr<Scalar>(),
          in.d.const_data_ptr<Scalar>(),
          out.data_ptr<Scalar>(),
          nullptr,
          nullptr};
}

/// Runs a kernel over all work items on PyTorch's threads, each with its own workspace.
template <class Scalar, class Kernel>
void run(const cpu::ScanProblem<Scalar>& p, int64_t workspace, Kernel kernel) {
  // A thread is worth waking for some ten microseconds of work.
  constexpr int64_t kLeastDecays = 1 << 16;
  const int64_t items = cpu::work_items(p);
  if (items == 0) return;
  const int64_t decays = std::max<int64_t>(p.tokens * p.states * p.channels / cpu::channel_blocks(p), 1);
  at::parallel_for(0, items, std::max<int64_t>(kLeastDecays / decays, 1), [&](int64_t begin, int64_t end) {
    const auto scratch = std::make_unique_for_overwrite<Scalar[]>(workspace);
    kernel(p, begin, end, scratch.get());
  });
}

/// Calls `body` with a value of the type that `compute` names.
template <class Body>
void with_scalar(at::ScalarType compute, Body body) {
  if (compute == at::kDouble) {
    body(double{});
  } else {
    body(float{});
  }
}

Tensor scan_cpu(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                const Tensor& D) {
  const Inputs in("selective_scan", nullptr, &x, dt, A, B, C, D);
  const Tensor y = in.result(in.sizes.channels);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    const auto p = problem<Scalar>(in, y);
    run(p, cpu::scan_workspace(p), cpu::forward<Scalar>);
  });
  return y.to(in.sizes.dtype);
}

Tensor relevance_cpu(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D) {
  const Inputs in("selective_scan_relevance", &m, nullptr, dt, A, B, C, D);
  const Tensor dx = in.result(in.sizes.channels);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    const auto p = problem<Scalar>(in, dx);
    run(p, cpu::scan_workspace(p), cpu::relevance<Scalar>);
  });
  return dx.to(in.sizes.dtype);
}

Vjp vjp_cpu(const Tensor& m, const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B,
            const Tensor& C, const Tensor& D) {
  const Inputs in("selective_scan_vjp", &m, &x, dt, A, B, C, D);
  const Tensor dx = in.result(in.sizes.channels), ddt = in.result(in.sizes.channels);
  const Tensor db = in.result(in.sizes.states), dc = in.result(in.sizes.states);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, dx);
    p.ddt = ddt.data_ptr<Scalar>();
    const Tensor partial = at::empty({cpu::work_items(p), p.tokens, 2, p.states}, dx.options());
    p.partial = partial.data_ptr<Scalar>();
    run(p, cpu::vjp_workspace(p), cpu::vjp<Scalar>);
    at::parallel_for(0, p.batch * p.tokens, 256, [&](int64_t begin, int64_t end) {
      cpu::reduce_partial(p, begin, end, db.data_ptr<Scalar>(), dc.data_ptr<Scalar>());
    });
  });
  const at::ScalarType dtype = in.sizes.dtype;
  return {dx.to(dtype), ddt.to(dtype), db.to(dtype), dc.to(dtype)};
}

// On CUDA devices the scan is composed of ATen operations, so that these need no CUDA headers and are built
// everywhere.

Tensor scan_composed(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D) {
  const Inputs in("selective_scan", nullptr, &x, dt, A, B, C, D);
  return selective_scan_reference(in.x, in.dt, in.a, in.b, in.c, in.d).to(in.sizes.dtype);
}

Tensor relevance_composed(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B,
                          const Tensor& C, const Tensor& D) {
  const Inputs in("selective_scan_relevance", &m, nullptr, dt, A, B, C, D);
  return selective_scan_relevance_reference(in.m, in.dt, in.a, in.b, in.c, in.d).to(in.sizes.dtype);
}

Vjp vjp_composed(const Tensor& m, const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B,
                 const Tensor& C, const Tensor& D) {
  const Inputs in("selective_scan_vjp", &m, &x, dt, A, B, C, D);
  const auto [dx, ddt, db, dc] = selective_scan_vjp_reference(in.m, in.x, in.dt, in.a, in.b, in.c, in.d);
  const at::ScalarType dtype = in.sizes.dtype;
  return {dx.to(dtype), ddt.to(dtype), db.to(dtype), dc.to(dtype)};
}

/// The dispatcher refuses undefined tensors with a message about dispatch keys: this one says which argument
/// it is.
void require_defined(const char* where, const char* name, const Tensor& tensor) {
  require(tensor.defined(), where, "{} must be a tensor; got an undefined one", name);
}

}  // namespace

Tensor selective_scan(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                      const Tensor& D) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lrpp::selective_scan", "")
                             .typed<decltype(selective_scan)>();
  require_defined("selective_scan", "x", x);
  return op.call(x, dt, A, B, C, D);
}

Tensor selective_scan_relevance(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B,
                                const Tensor& C, const Tensor& D) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lrpp::selective_scan_relevance", "")
                             .typed<decltype(selective_scan_relevance)>();
  require_defined("selective_scan_relevance", "m", m);
  return op.call(m, dt, A, B, C, D);
}

Vjp selective_scan_vjp(const Tensor& m, const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B,
                       const Tensor& C, const Tensor& D) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("lrpp::selective_scan_vjp", "")
                             .typed<decltype(selective_scan_vjp)>();
  require_defined("selective_scan_vjp", "m", m);
  return op.call(m, x, dt, A, B, C, D);
}

}  // namespace lrpp::mamba

TORCH_LIBRARY(lrpp, library) {
  library.def("selective_scan(Tensor x, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> Tensor");
  library.def(
      "selective_scan_relevance(Tensor m, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> Tensor");
  library.def(
      "selective_scan_vjp(Tensor m, Tensor x, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> "
      "(Tensor dx, Tensor ddt, Tensor dB, Tensor dC)");
}

TORCH_LIBRARY_IMPL(lrpp, CPU, library) {
  library.impl("selective_scan", lrpp::mamba::scan_cpu);
  library.impl("selective_scan_relevance", lrpp::mamba::relevance_cpu);
  library.impl("selective_scan_vjp", lrpp::mamba::vjp_cpu);
}

TORCH_LIBRARY_IMPL(lrpp, CUDA, library) {
  library.impl("selective_scan", lrpp::mamba::scan_composed);
  library.impl("selective_scan_relevance", lrpp::mamba::relevance_composed);
  library.impl("selective_scan_vjp", lrpp::mamba::vjp_composed);
}
