#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/tests/support/testing.h>
#include <unistd.h>

#include <atomic>

namespace lrpp::testing {

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(LRPP_TEST_FIXTURES) / name;
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  path_ = std::filesystem::temp_directory_path() /
          ("lrpp-test-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

double relative_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (b.numel() == 0) return 0;
  const Tensor wide = b.to(at::kDouble);
  const double scale = std::max(wide.abs().max().item<double>(), std::numeric_limits<double>::min());
  return (a.to(at::kDouble) - wide).abs().max().item<double>() / scale;
}

Tensor random(at::IntArrayRef sizes, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed + 17);
  return at::randn(sizes, generator, at::TensorOptions().dtype(at::kDouble));
}

}  // namespace lrpp::testing
