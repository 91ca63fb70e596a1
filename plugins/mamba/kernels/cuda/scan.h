#pragma once

#include <cuda_runtime_api.h>
#include <lrpp/plugins/mamba/kernels/cuda/rows.h>

/// The selective scan on CUDA devices. float32 and bfloat16 in and out, float32 inside.
namespace lrpp::mamba::cuda {

/// Channels that a block of threads does.
constexpr int kChannels = 32;

/// What a scan reads and writes; shapes as in selective_scan_op.h and gated_scan_op.h.
template <class T>
struct Scan {
  int64_t batch, tokens, channels, states;
  bool gated;          ///< dt before softplus, and the gate: gated_scan_op.h; else selective_scan_op.h
  Rows<const T> lead;  ///< x going forward, m going back
  Rows<const T> dt, b, c;
  const float* a;   ///< [E, N], contiguous
  const float* d;   ///< [E]
  Rows<const T> z;  ///< where gated
  Rows<const T> y;  ///< where gated, going back
  Rows<T> out;      ///< y going forward, the multiplier of x going back
  Rows<T> gate;     ///< where gated: y silu(z) going forward, the multiplier of z going back

  /// The tokens are cut into so many chunks, which run at the same time. 1: no cut.
  int64_t chunks = 1, chunk_tokens = 0;
  // Where there are several; their places are counted in the direction that time takes:
  float* ends = nullptr;   ///< [B, chunks, N, E]: the state that a chunk leads to from a zero state
  float* steps = nullptr;  ///< [B, chunks, E]: the sum of dt over a chunk
  int* tickets = nullptr;  ///< zeros, ticket_count() of them: work that was taken, and ends that are made

  int64_t blocks() const { return (channels + kChannels - 1) / kChannels; }
  /// Blocks of all examples.
  int64_t columns() const { return batch * blocks(); }
  int64_t ticket_count() const { return 1 + columns() * chunks; }
#ifdef __CUDACC__
  /// Whether the rows of channels that are read begin where several neighbours can be read at once...
  __host__ __device__ bool channels_aligned() const { return is(lead) && is(dt) && is(z) && is(y); }
  /// ...and all others too.
  __host__ __device__ bool aligned() const {
    return channels_aligned() && is(b) && is(c) && is(out) && is(gate);
  }

 private:
  template <class U>
  __host__ __device__ static bool is(const Rows<U>& rows) {
    return rows.data == nullptr || rows.aligned;
  }
#endif
};

/// Into how many chunks a device with so many multiprocessors cuts the tokens, and of what length.
template <class T>
void choose_chunks(Scan<T>& scan, int multiprocessors);

/// Most states that the kernels take.
constexpr int64_t most_states = 64;

template <class T>
cudaError_t scan_forward(const Scan<T>& scan, cudaStream_t stream);
template <class T>
cudaError_t scan_relevance(const Scan<T>& scan, cudaStream_t stream);

}  // namespace lrpp::mamba::cuda
