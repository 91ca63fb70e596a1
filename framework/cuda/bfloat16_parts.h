#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>

/// float32 numbers as sums of three bfloat16 numbers, x = a + b + c: a holds the first 8 bits of x, b the
/// next 8 and c the rest, so that nothing is lost down to 2^-110, below which the last bits of c do not
/// exist.
namespace lrpp::cuda {

/// A product of two such sums is the sum of nine products, of which the six larger ones are kept: what is
/// left out is below 2^-24 of x y. Each factor has its parts in the order in which they meet the other's,
/// small products first: left c b a b a a, right a b c a b a.
enum class Side { left, right };
constexpr int kParts = 6;

/// Part p of from[r * row_stride + k] goes to
///   to[r * to_row_stride + k + p * part_stride + (i / block) * block_jump],
/// where i, the number's place along the product's inner dimension, is r or k. Rows and columns beyond those
/// that are there are zeros. to_width, block and all strides of `to` are multiples of 8, and `to` is aligned
/// to 16 bytes.
struct Bfloat16Parts {
  const float* from;
  int64_t rows, width, row_stride;
  bool aligned;  ///< four neighbours of `from` may be read at once, at each multiple of four
  __nv_bfloat16* to;
  int64_t to_rows, to_width, to_row_stride, part_stride;
  bool inner_is_rows;
  int64_t block, block_jump;
};

cudaError_t write_bfloat16_parts(const Bfloat16Parts& parts, Side side, cudaStream_t stream);

}  // namespace lrpp::cuda
