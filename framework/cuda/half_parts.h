#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <cstdint>

/// float32 matrices as float16 ones whose products the matrix units sum in float32. Each row is multiplied by
/// a power of two, which is exact, so that its largest number lies in [2^14, 2^15), and each number x of it
/// written as high + low, 11 bits each. That is off by at most 2^-23 |x|, one unit of float32's last place,
/// for numbers down to 2^-16 of the row's largest, and by 2^-39 of the row's largest below them.
namespace lrpp::cuda {

/// The product x y of two such sums is taken without low low, which is at most 2^-22 |x y| and 2^-25 |x y| in
/// the root mean square. Each factor has its parts in the order in which they meet the other's, small
/// products first: left low high high, right high low high.
enum class Side { left, right };
constexpr int kParts = 3;

/// Row r of `from` [rows, width] in `count` blocks of `length` columns, filled up with zeros: part p of
/// column k of block b goes to to[((b * rows + r) * kParts + p) * length + k], and to exponents[r] what the
/// row is to be multiplied by afterwards, as a power of two. `length` is a multiple of 8, `to` aligned to 16
/// bytes. A row with a number that is not finite has a part that is not.
struct HalfParts {
  const float* from;
  int64_t rows, width, row_stride;
  bool aligned;  ///< four neighbours of `from` may be read at once, at each multiple of four
  int64_t count, length;
  __half* to;
  int* exponents;
};

cudaError_t write_half_parts(const HalfParts& parts, Side side, cudaStream_t stream);

/// to[r, o] = 2^(left[r] + right[o]) (sum over b of from[b, r, o]) + bias[o], all of them contiguous, of
/// `count` blocks. `bias` may be null, and `to` may be `from` where there is one block.
struct SumOfBlocks {
  const float* from;
  int64_t count, rows, width;
  const int *left, *right;
  const float* bias;
  float* to;
};

cudaError_t sum_blocks(const SumOfBlocks& sum, cudaStream_t stream);

}  // namespace lrpp::cuda
