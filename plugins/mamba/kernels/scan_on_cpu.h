#pragma once

#include <ATen/Parallel.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu_tensors.h>

#include <algorithm>
#include <memory>

/// How the operations of a scan call its CPU kernels.
namespace lrpp::mamba {

/// Sizes, parameters and time steps; the caller sets what is its own.
template <class Scalar>
cpu::ScanProblem<Scalar> problem(const ScanInputs& in, const at::Tensor& out) {
  cpu::ScanProblem<Scalar> p = {};
  p.batch = in.sizes.batch, p.tokens = in.sizes.tokens, p.channels = in.sizes.channels, p.states = in.states;
  p.dt = rows<Scalar>(in.dt);
  p.b = rows<Scalar>(in.b);
  p.c = rows<Scalar>(in.c);
  p.a = in.a.const_data_ptr<Scalar>();
  p.d = in.d.const_data_ptr<Scalar>();
  p.out = out.data_ptr<Scalar>();
  return p;
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

}  // namespace lrpp::mamba
