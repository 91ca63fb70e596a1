#pragma once

#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lrpp::testing {

/// tests/fixtures/<name>
std::filesystem::path fixture(const std::string& name);

/// A fresh folder under the system's temporary one, removed when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The largest |a - b| over the largest |b|.
double relative_difference(const Tensor& a, const Tensor& b);

/// A reproducible float64 tensor of standard normal numbers.
Tensor random(at::IntArrayRef sizes, uint64_t seed = 0);

/// The message of the UserError that `f` throws; fails the test where it throws none.
template <class F>
std::string user_error(F&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError was thrown";
  return {};
}

/// Expects that `f` throws a UserError whose message contains every one of `parts`.
template <class F>
void expect_user_error(F&& f, const std::vector<std::string>& parts) {
  const std::string message = user_error(std::forward<F>(f));
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "message: " << message << "\nlacks: " << part;
  }
}

}  // namespace lrpp::testing
