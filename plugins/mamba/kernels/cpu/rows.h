#pragma once

#include <cstdint>

/// What the CPU kernels read and write, without a torch header. Everything here is an aggregate without
/// member functions, so that no inline function compiled for a newer instruction set can be merged into code
/// that runs on an older one.
namespace lrpp::mamba::cpu {

/// A bfloat16 as it lies in memory: the upper half of a float32.
struct Bfloat16 {
  uint16_t bits;
};

/// The type that numbers stored as `Stored` are computed in.
template <class Stored>
struct ComputedIn {
  using Type = Stored;
};
template <>
struct ComputedIn<Bfloat16> {
  using Type = float;
};

/// Rows of a [B, T, width] tensor whose innermost stride is 1; the other strides count elements. Rows<const
/// float> are read, Rows<float> are written.
template <class Element>
struct Rows {
  Element* data;
  int64_t batch_stride;
  int64_t token_stride;
};

/// Alignment of the parts of a workspace: the widest vector and the cache line, in bytes.
constexpr int64_t kWorkspaceAlignment = 64;

}  // namespace lrpp::mamba::cpu
