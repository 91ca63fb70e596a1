#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/road.h>

#include <Eigen/Sparse>
#include <algorithm>
#include <array>

namespace lrpp::evaluation {
namespace {

struct Neighbour {
  int64_t down, right;
  double weight;
};

constexpr std::array<Neighbour, 8> neighbours{{{-1, -1, 1.0 / 12},
                                               {-1, 0, 1.0 / 6},
                                               {-1, 1, 1.0 / 12},
                                               {0, -1, 1.0 / 6},
                                               {0, 1, 1.0 / 6},
                                               {1, -1, 1.0 / 12},
                                               {1, 0, 1.0 / 6},
                                               {1, 1, 1.0 / 12}}};

/// values: [C, H W] of what the picture has, made up at `masked` [H W] in place.
void impute(double* values, int64_t channels, int64_t height, int64_t width, const bool* masked) {
  const int64_t pixels = height * width;
  std::vector<int> unknown(static_cast<size_t>(pixels), -1);
  std::vector<int64_t> at;
  for (int64_t i = 0; i < pixels; ++i) {
    if (!masked[i]) continue;
    unknown[static_cast<size_t>(i)] = static_cast<int>(at.size());
    at.push_back(i);
  }
  const auto count = static_cast<Eigen::Index>(at.size());
  std::vector<Eigen::Triplet<double>> entries;
  Eigen::MatrixXd known = Eigen::MatrixXd::Zero(count, channels);
  // sum of w x - sum of w y = 0 over the neighbours that there are: symmetric and positive definite, since
  // every masked region touches a pixel that is known.
  for (Eigen::Index i = 0; i < count; ++i) {
    const int64_t row = at[static_cast<size_t>(i)] / width, column = at[static_cast<size_t>(i)] % width;
    double diagonal = 0;
    for (const auto& [down, right, weight] : neighbours) {
      const int64_t r = row + down, c = column + right;
      if (r < 0 || r >= height || c < 0 || c >= width) continue;
      diagonal += weight;
      const int64_t other = r * width + c;
      if (const int j = unknown[static_cast<size_t>(other)]; j >= 0) {
        entries.emplace_back(static_cast<int>(i), j, -weight);
      } else {
        for (int64_t k = 0; k < channels; ++k) known(i, k) += weight * values[k * pixels + other];
      }
    }
    entries.emplace_back(static_cast<int>(i), static_cast<int>(i), diagonal);
  }
  Eigen::SparseMatrix<double> matrix(count, count);
  matrix.setFromTriplets(entries.begin(), entries.end());
  const Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver(matrix);
  TORCH_INTERNAL_ASSERT(solver.info() == Eigen::Success);
  const Eigen::MatrixXd solution = solver.solve(known);
  for (Eigen::Index i = 0; i < count; ++i)
    for (int64_t k = 0; k < channels; ++k) values[k * pixels + at[static_cast<size_t>(i)]] = solution(i, k);
}

}  // namespace

Tensor noisy_linear_imputation(const Tensor& image, const Tensor& masked, double noise, uint64_t seed) {
  require(image.dim() == 3 && masked.dim() == 2 && masked.scalar_type() == at::kBool &&
              image.sizes().slice(1) == masked.sizes(),
          "road", "a picture [C, H, W] needs a mask [H, W] of booleans; got {} and {}",
          shape_string(image.sizes()), shape_string(masked.sizes()));
  require(!masked.all().item<bool>(), "road",
          "a picture whose pixels are all masked cannot be made up; leave at least one");
  require(noise >= 0, "road", "the noise must be at least 0; got {}", noise);
  Tensor result = image.to(at::kCPU, at::kDouble).clone(at::MemoryFormat::Contiguous);
  const Tensor mask = masked.cpu().contiguous();
  if (!mask.any().item<bool>()) return result;
  impute(result.data_ptr<double>(), result.size(0), result.size(1), result.size(2),
         mask.const_data_ptr<bool>());
  if (noise > 0) {
    const Tensor random =
        at::randn(result.sizes(), at::detail::createCPUGenerator(seed), at::kDouble) * noise;
    result += random * mask;
  }
  return result;
}

Tensor road(const ImageModel& model, const Tensor& images, const Tensor& relevance, const Tensor& target,
            const std::vector<uint64_t>& seeds, bool most_first, const RoadOptions& options) {
  require(images.dim() == 4 && relevance.dim() == 3 && relevance.size(0) == images.size(0) &&
              relevance.sizes().slice(1) == images.sizes().slice(2),
          "road", "pictures [B, C, H, W] need relevance [B, H, W] of their pixels; got {} and {}",
          shape_string(images.sizes()), shape_string(relevance.sizes()));
  require(options.batch >= 1, "road", "the batch must be at least 1; got {}", options.batch);
  const int64_t examples = images.size(0), pixels = relevance.size(1) * relevance.size(2);
  const Tensor rank = ranks(relevance.flatten(1), most_first).view(relevance.sizes());
  Tensors results;
  for (const double share : options.shares) {
    require(share > 0 && share < 1, "road", "a share of pixels must lie in (0, 1); got {}", share);
    // A share such as 0.3 is slightly below what it says: 0.3 of 10 pixels are 3.
    const auto gone = static_cast<int64_t>(share * static_cast<double>(pixels) + 1e-9);
    Tensors named;
    for (int64_t begin = 0; begin < examples; begin += options.batch) {
      const int64_t end = std::min(begin + options.batch, examples);
      Tensors changed;
      for (int64_t i = begin; i < end; ++i) {
        changed.push_back(noisy_linear_imputation(images[i], rank[i].lt(gone), options.noise,
                                                  seeds.at(static_cast<size_t>(i))));
      }
      const Tensor logits = model(at::stack(changed).to(images.device(), images.scalar_type()));
      named.push_back(logits.argmax(-1).cpu().eq(target.slice(0, begin, end).cpu()));
    }
    results.push_back(at::cat(named).to(at::kDouble));
  }
  return at::stack(results, 1);
}

}  // namespace lrpp::evaluation
