#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/cuda/scan.h>
#include <lrpp/plugins/mamba/kernels/cuda/scan_gradient.h>
#include <lrpp/plugins/mamba/kernels/cuda/tensors.h>
#include <torch/library.h>

namespace lrpp::mamba::cuda {
namespace {

bool is_ours(const Tensor& lead, const Tensor& A) {
  return has_kernels_for(lead) && A.defined() && A.dim() == 2 && A.size(1) <= most_states;
}

/// The tensors of a scan beside those that all scans have; undefined where it has none.
struct Own {
  Tensor z, y, out, gate;
};

void run(const char* where, const ScanInputs& in, const Own& own, bool reverse) {
  if (in.sizes.batch == 0) return;
  const Launch launch(in.lead);
  with_type(in.sizes.dtype, [&]<class T>(T) {
    Scan<T> scan{};
    scan.batch = in.sizes.batch, scan.tokens = in.sizes.tokens, scan.channels = in.sizes.channels;
    scan.states = in.states;
    scan.gated = own.z.defined();
    scan.lead = rows<const T>(in.lead), scan.dt = rows<const T>(in.dt);
    scan.b = rows<const T>(in.b), scan.c = rows<const T>(in.c);
    scan.a = in.a.template const_data_ptr<float>(), scan.d = in.d.template const_data_ptr<float>();
    scan.out = rows<T>(own.out);
    if (own.z.defined()) scan.z = rows<const T>(own.z), scan.gate = rows<T>(own.gate);
    if (own.y.defined()) scan.y = rows<const T>(own.y);
    choose_chunks(scan, launch.multiprocessors);
    Tensor ends, steps, tickets;
    if (scan.chunks > 1) {
      ends = at::empty({scan.batch, scan.chunks, scan.states, scan.channels}, in.a.options());
      steps = at::empty({scan.batch, scan.chunks, scan.channels}, in.a.options());
      tickets = at::zeros({scan.ticket_count()}, in.a.options().dtype(at::kInt));
      scan.ends = ends.template data_ptr<float>(), scan.steps = steps.template data_ptr<float>();
      scan.tickets = tickets.template data_ptr<int>();
    }
    check_launch(where, reverse ? scan_relevance(scan, launch.stream) : scan_forward(scan, launch.stream));
  });
}

Tensor scan(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
            const Tensor& D) {
  if (!is_ours(x, A)) return scan_composed(x, dt, A, B, C, D);
  const ScanInputs in("selective_scan", "x", x, "dt", dt, A, B, C, D, Data::stored);
  const Tensor y = in.sizes.result(in.sizes.channels);
  run("selective_scan", in, {{}, {}, y, {}}, false);
  return y;
}

Tensor relevance(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                 const Tensor& D) {
  if (!is_ours(m, A)) return scan_relevance_composed(m, dt, A, B, C, D);
  const ScanInputs in("selective_scan_relevance", "m", m, "dt", dt, A, B, C, D, Data::stored);
  const Tensor dx = in.sizes.result(in.sizes.channels);
  run("selective_scan_relevance", in, {{}, {}, dx, {}}, true);
  return dx;
}

std::tuple<Tensor, Tensor, Tensor, Tensor> vjp(const Tensor& m, const Tensor& x, const Tensor& dt,
                                               const Tensor& A, const Tensor& B, const Tensor& C,
                                               const Tensor& D) {
  if (!is_ours(m, A)) return scan_vjp_composed(m, x, dt, A, B, C, D);
  const ScanInputs in("selective_scan_vjp", "m", m, "dt", dt, A, B, C, D, Data::stored);
  const Tensor input = in.sizes.data("x", x);
  const Tensor dx = in.sizes.result(in.sizes.channels), ddt = in.sizes.result(in.sizes.channels);
  if (in.sizes.batch == 0) return {dx, ddt, in.sizes.result(in.states), in.sizes.result(in.states)};
  Tensor parts;
  const Launch launch(in.lead);
  with_type(in.sizes.dtype, [&]<class T>(T) {
    ScanGradient<T> p{};
    p.batch = in.sizes.batch, p.tokens = in.sizes.tokens, p.channels = in.sizes.channels,
    p.states = in.states;
    p.m = rows<const T>(in.lead), p.x = rows<const T>(input), p.dt = rows<const T>(in.dt);
    p.b = rows<const T>(in.b), p.c = rows<const T>(in.c);
    p.a = in.a.template const_data_ptr<float>(), p.d = in.d.template const_data_ptr<float>();
    p.dx = rows<T>(dx), p.ddt = rows<T>(ddt);
    const Tensor begins = at::empty({p.batch, p.tiles(), p.states, p.channels}, in.a.options());
    parts = at::empty({p.blocks(), p.batch, p.tokens, 2, p.states}, in.a.options());
    p.begins = begins.template data_ptr<float>(), p.parts = parts.template data_ptr<float>();
    check_launch("selective_scan_vjp", scan_gradient(p, launch.stream));
  });
  const Tensor by_parameters = parts.sum(0).to(in.sizes.dtype);
  return {dx, ddt, by_parameters.select(2, 0), by_parameters.select(2, 1)};
}

std::tuple<Tensor, Tensor> gated(const Tensor& u, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                                 const Tensor& C, const Tensor& D, const Tensor& z) {
  if (!is_ours(u, A)) return gated_scan_composed(u, raw_dt, A, B, C, D, z);
  const ScanInputs in("gated_scan", "u", u, "raw_dt", raw_dt, A, B, C, D, Data::stored);
  const Tensor y = in.sizes.result(in.sizes.channels), out = in.sizes.result(in.sizes.channels);
  run("gated_scan", in, {in.sizes.data("z", z), {}, y, out}, false);
  return {out, y};
}

Tensor gated_relevance(const Tensor& m, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                       const Tensor& C, const Tensor& D, const Tensor& y, const Tensor& z,
                       const Tensor& out_z) {
  if (!is_ours(m, A)) return gated_scan_relevance_composed(m, raw_dt, A, B, C, D, y, z, out_z);
  const ScanInputs in("gated_scan_relevance", "m", m, "raw_dt", raw_dt, A, B, C, D, Data::stored);
  const Tensor y_data = in.sizes.data("y", y), z_data = in.sizes.data("z", z);
  in.sizes.require_output("out_z", out_z, {m, raw_dt, A, B, C, D, y, z});
  const Tensor du = in.sizes.result(in.sizes.channels), written = in.sizes.writable(out_z);
  run("gated_scan_relevance", in, {z_data, y_data, du, written}, true);
  Arguments::deliver(written, out_z);
  return du;
}

}  // namespace
}  // namespace lrpp::mamba::cuda

TORCH_LIBRARY_IMPL(lrpp, CUDA, library) {
  library.impl("selective_scan", lrpp::mamba::cuda::scan);
  library.impl("selective_scan_relevance", lrpp::mamba::cuda::relevance);
  library.impl("selective_scan_vjp", lrpp::mamba::cuda::vjp);
  library.impl("gated_scan", lrpp::mamba::cuda::gated);
  library.impl("gated_scan_relevance", lrpp::mamba::cuda::gated_relevance);
}
