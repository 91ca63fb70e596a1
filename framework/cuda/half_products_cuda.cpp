#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGraphsC10Utils.h>
#include <c10/cuda/CUDAGuard.h>
#include <lrpp/framework/cuda/half_parts.h>
#include <lrpp/framework/cuda/half_products.h>
#include <lrpp/framework/cuda/kept_parts.h>
#include <lrpp/framework/error.h>

#include <algorithm>

namespace lrpp::cuda {
namespace {

/// Rows whose parts are made at a time: they take 6 bytes for each number, 0.15 GiB for the widest layer of
/// mamba-130m, and the sums of blocks as many as four results.
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

/// How the inner dimension is cut; filled up with zeros, since the matrix units want rows that begin at 16
/// bytes.
struct Blocks {
  int64_t count, length;

  static Blocks of(int64_t rows, int64_t inner, int64_t outputs) {
    constexpr int64_t tile = 128;  // of rows and of outputs, that one multiprocessor computes
    const int64_t tiles = divide_up(rows, tile) * divide_up(outputs, tile);
    const int64_t idle = at::cuda::getCurrentDeviceProperties()->multiProcessorCount / tiles;
    const int64_t count = std::max(std::min(idle, inner / kShortestBlock), divide_up(inner, kLongestBlock));
    return {count, divide_up(divide_up(inner, count), 8) * 8};
  }
};

void check(cudaError_t error) {
  LRPP_ASSERT(error == cudaSuccess, "float16 parts: a CUDA kernel could not be launched: {}",
              cudaGetErrorString(error));
}

/// With rows of neighbours, wherever those begin.
Tensor as_rows(const Tensor& matrix) { return matrix.stride(1) == 1 ? matrix : matrix.contiguous(); }

/// Parts of the rows of a matrix [R, inner]: [blocks, R, 3 length], and their exponents [R].
ScaledParts parts_of(const Tensor& matrix, Side side, Blocks blocks) {
  ScaledParts result{
      at::empty({blocks.count, matrix.size(0), kParts * blocks.length}, matrix.options().dtype(at::kHalf)),
      at::empty({matrix.size(0)}, matrix.options().dtype(at::kInt))};
  const auto* from = static_cast<const float*>(matrix.const_data_ptr());
  const bool aligned = reinterpret_cast<uintptr_t>(from) % 16 == 0 && matrix.stride(0) % 4 == 0;
  const HalfParts parts{.from = from,
                        .rows = matrix.size(0),
                        .width = matrix.size(1),
                        .row_stride = matrix.stride(0),
                        .aligned = aligned,
                        .count = blocks.count,
                        .length = blocks.length,
                        .to = static_cast<__half*>(result.parts.mutable_data_ptr()),
                        .exponents = result.exponents.mutable_data_ptr<int>()};
  check(write_half_parts(parts, side, at::cuda::getCurrentCUDAStream()));
  return result;
}

/// As right factors, a row for each output: [blocks, O, 3 length].
ScaledParts weight_parts(const Tensor& weight, WeightIs how, Blocks blocks, bool keep) {
  const auto make = [&] {
    return parts_of(as_rows(how == WeightIs::transposed ? weight : weight.t()), Side::right, blocks);
  };
  if (!keep) return make();
  const bool recording = c10::cuda::currentStreamCaptureStatusMayInitCtx() != c10::cuda::CaptureStatus::None;
  return kept_parts().get({weight, how, blocks.count}, recording, [&] {
    const ScaledParts parts = make();
    // Once for each weight: products of other streams will read them too.
    if (!recording) at::cuda::getCurrentCUDAStream().synchronize();
    return parts;
  });
}

}  // namespace

bool has_half_products() { return true; }

bool is_faster_from_parts(int64_t rows, int64_t inner, int64_t outputs) {
  // Mamba's x_proj, 80 outputs, gains still; its dt_proj, 48 inputs, does not.
  constexpr int64_t least = 256, least_outputs = 64;
  return rows >= least && inner >= least && outputs >= least_outputs;
}

Tensor product_from_parts(const Tensor& x, const Tensor& weight, WeightIs how, const Tensor& bias,
                          bool lasting) {
  const c10::cuda::CUDAGuard guard(x.device());
  const Tensor matrix = as_rows(x.reshape({-1, x.size(-1)}));
  const int64_t rows = matrix.size(0), outputs = weight.size(how == WeightIs::transposed ? 0 : 1);
  const Blocks blocks = Blocks::of(rows, matrix.size(1), outputs);
  const ScaledParts right = weight_parts(weight, how, blocks, lasting && rows <= kFewRows);
  const Tensor added = bias.defined() ? bias.contiguous() : bias;
  const Tensor result = at::empty({rows, outputs}, x.options());
  for (int64_t begin = 0; begin < rows; begin += kRowsAtOnce) {
    const Tensor to = result.narrow(0, begin, std::min(kRowsAtOnce, rows - begin));
    const ScaledParts left = parts_of(matrix.narrow(0, begin, to.size(0)), Side::left, blocks);
    Tensor products =
        blocks.count == 1 ? to.unsqueeze(0) : at::empty({blocks.count, to.size(0), outputs}, x.options());
    at::bmm_out(products, left.parts, right.parts.transpose(1, 2), at::kFloat);
    check(sum_blocks({.from = static_cast<const float*>(products.const_data_ptr()),
                      .count = blocks.count,
                      .rows = to.size(0),
                      .width = outputs,
                      .left = left.exponents.const_data_ptr<int>(),
                      .right = right.exponents.const_data_ptr<int>(),
                      .bias = added.defined() ? added.const_data_ptr<float>() : nullptr,
                      .to = static_cast<float*>(to.mutable_data_ptr())},
                     at::cuda::getCurrentCUDAStream()));
  }
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = outputs;
  return result.view(sizes);
}

void free_kept_parts() { kept_parts().clear(); }

}  // namespace lrpp::cuda
