#pragma once

#include <lrpp/framework/tensor.h>

#include <functional>
#include <vector>

namespace lrpp {

/// Checks of values that a device has not computed yet. To look at one would wait for all that was launched,
/// so they are gathered and looked at once, when nothing is left to launch.
class LateChecks {
 public:
  /// holds: a bool tensor without dimensions. `report` throws, and is called where it does not hold.
  void add(Tensor holds, std::function<void()> report);
  /// That no number is infinite or NaN.
  void add_finite(const Tensor& values, std::function<void()> report);
  /// Waits for the values; throws what the first check that does not hold reports.
  void settle() const;

 private:
  struct Check {
    Tensor holds;
    std::function<void()> report;
  };
  std::vector<Check> checks_;
};

}  // namespace lrpp
