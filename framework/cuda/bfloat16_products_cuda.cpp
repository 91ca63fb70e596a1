#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <c10/cuda/CUDAGuard.h>
#include <lrpp/framework/cuda/bfloat16_parts.h>
#include <lrpp/framework/cuda/bfloat16_products.h>
#include <lrpp/framework/cuda/kept_parts.h>
#include <lrpp/framework/error.h>

#include <algorithm>

namespace lrpp::cuda {
namespace {

/// Rows whose parts are made at a time: they take 12 bytes for each number, 0.3 GiB for the widest layer of
/// mamba-130m. From 4,096 to 16,384 rows at a time are equally fast.
constexpr int64_t kRowsAtOnce = 8192;

/// Up to so many rows the parts of a weight are kept. With more, the product takes so long that making them
/// anew does not matter.
constexpr int64_t kFewRows = 2048;

/// The matrix units cut off what a running sum cannot hold, where float32 rounds, so errors grow with its
/// length. The inner dimension is cut into blocks, whose sums are added in float32: at most so long...
constexpr int64_t kLongestBlock = 768;
/// ...and as short as this where few rows and outputs would leave most of the device without work.
constexpr int64_t kShortestBlock = 192;

int64_t divide_up(int64_t n, int64_t by) { return (n + by - 1) / by; }
int64_t to_eights(int64_t n) { return divide_up(n, 8) * 8; }

/// How the inner dimension is cut; filled up with zeros, since the matrix units want rows that begin at 16
/// bytes.
struct Blocks {
  int64_t count, length;
  bool at_once;  ///< each by multiprocessors that would be idle; one after the other else

  static Blocks of(int64_t rows, int64_t inner, int64_t outputs) {
    constexpr int64_t tile = 128;  // of rows and of outputs, that one multiprocessor computes
    const int64_t tiles = divide_up(rows, tile) * divide_up(outputs, tile);
    const int64_t idle = at::cuda::getCurrentDeviceProperties()->multiProcessorCount / tiles;
    const int64_t count = std::max(std::min(idle, inner / kShortestBlock), divide_up(inner, kLongestBlock));
    return {count, to_eights(divide_up(inner, count)), idle > 1};
  }
};

/// Parts of a matrix [R, inner] as [blocks, R, 6 length], or, where its inner dimension are its rows, of
/// [inner, C] as [blocks, 6 length, C'] with C' the next multiple of 8.
Tensor parts_of(const Tensor& matrix, Side side, Blocks blocks, bool inner_is_rows) {
  const int64_t inner = blocks.count * blocks.length, length = kParts * blocks.length;
  const int64_t to_rows = inner_is_rows ? inner : matrix.size(0);
  const int64_t to_width = inner_is_rows ? to_eights(matrix.size(1)) : inner;
  const Tensor result = at::empty(inner_is_rows ? std::vector<int64_t>{blocks.count, length, to_width}
                                                : std::vector<int64_t>{blocks.count, to_rows, length},
                                  matrix.options().dtype(at::kBFloat16));
  const auto* from = static_cast<const float*>(matrix.const_data_ptr());
  const bool aligned = reinterpret_cast<uintptr_t>(from) % 16 == 0 && matrix.stride(0) % 4 == 0;
  const int64_t inner_stride = inner_is_rows ? to_width : 1;
  const Bfloat16Parts parts{.from = from,
                            .rows = matrix.size(0),
                            .width = matrix.size(1),
                            .row_stride = matrix.stride(0),
                            .aligned = aligned,
                            .to = static_cast<__nv_bfloat16*>(result.mutable_data_ptr()),
                            .to_rows = to_rows,
                            .to_width = to_width,
                            .to_row_stride = result.stride(1),
                            .part_stride = blocks.length * inner_stride,
                            .inner_is_rows = inner_is_rows,
                            .block = blocks.length,
                            .block_jump = result.stride(0) - blocks.length * inner_stride};
  const cudaError_t error = write_bfloat16_parts(parts, side, at::cuda::getCurrentCUDAStream());
  LRPP_ASSERT(error == cudaSuccess, "bfloat16 parts: the CUDA kernel could not be launched: {}",
              cudaGetErrorString(error));
  return result;
}

/// With rows of neighbours, wherever those begin.
Tensor as_rows(const Tensor& matrix) { return matrix.stride(1) == 1 ? matrix : matrix.contiguous(); }

/// As right factors, [blocks, 6 length, O].
Tensor weight_parts(const Tensor& weight, WeightIs how, Blocks blocks, bool keep) {
  const auto make = [&] {
    return parts_of(as_rows(weight), Side::right, blocks, /*inner_is_rows=*/how == WeightIs::plain);
  };
  const auto kept_or_made = [&] {
    if (!keep) return make();
    const bool recording =
        c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None;
    return kept_parts().get({weight, how, blocks.count}, recording, [&] {
      const Tensor parts = make();
      // Once for each weight: products of other streams will read them too.
      if (!recording) at::cuda::getCurrentCUDAStream().synchronize();
      return parts;
    });
  };
  const Tensor parts = kept_or_made();
  return how == WeightIs::transposed ? parts.transpose(1, 2) : parts.narrow(2, 0, weight.size(1));
}

}  // namespace

bool has_bfloat16_products() { return true; }

bool is_faster_from_parts(int64_t rows, int64_t inner, int64_t outputs) {
  // On an H100 rows of 512 by 768 x 3072 take 22 us from parts and 66 by cuBLAS, by 1536 x 80 8 and 13, by
  // 48 x 1536 4.4 and 6.0, and parts take a few us to make: below 256 nothing is gained, at 16,384 rows
  // neither.
  constexpr int64_t least = 256;
  return rows >= least && inner >= least && outputs >= least;
}

Tensor product_from_parts(const Tensor& x, const Tensor& weight, WeightIs how, bool lasting) {
  const c10::cuda::CUDAGuard guard(x.device());
  const Tensor matrix = as_rows(x.reshape({-1, x.size(-1)}));
  const int64_t rows = matrix.size(0), outputs = weight.size(how == WeightIs::transposed ? 0 : 1);
  const Blocks blocks = Blocks::of(rows, matrix.size(1), outputs);
  const Tensor right = weight_parts(weight, how, blocks, lasting && rows <= kFewRows);
  const Tensor result = at::empty({rows, outputs}, x.options());
  for (int64_t begin = 0; begin < rows; begin += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows - begin);
    const Tensor left = parts_of(matrix.narrow(0, begin, count), Side::left, blocks, false);
    Tensor to = result.narrow(0, begin, count);
    if (blocks.at_once && blocks.count > 1) {
      at::sum_out(to, at::bmm(left, right, at::kFloat), 0);
      continue;
    }
    at::mm_out(to, left[0], right[0], at::kFloat);
    for (int64_t i = 1; i < blocks.count; ++i) at::addmm_out(to, to, left[i], right[i], at::kFloat);
  }
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = outputs;
  return result.view(sizes);
}

void free_kept_parts() { kept_parts().clear(); }

}  // namespace lrpp::cuda
