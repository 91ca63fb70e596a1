#include <lrpp/framework/error.h>
#include <lrpp/framework/late_checks.h>

namespace lrpp {

void LateChecks::add(Tensor holds, std::function<void()> report) {
  LRPP_ASSERT(holds.dim() == 0 && holds.scalar_type() == at::kBool, "a check must be one bool");
  checks_.push_back({std::move(holds), std::move(report)});
}

void LateChecks::add_finite(const Tensor& values, std::function<void()> report) {
  // x - x is 0, or NaN. Half the passes of isfinite, which a GPU takes one by one.
  add((values - values).eq(0).all(), std::move(report));
}

void LateChecks::settle() const {
  if (checks_.empty()) return;
  Tensors all;
  for (const Check& check : checks_) all.push_back(check.holds);
  const Tensor holds = at::stack(all).cpu();
  for (size_t i = 0; i < checks_.size(); ++i) {
    if (!holds[static_cast<int64_t>(i)].item<bool>()) checks_[i].report();
  }
}

}  // namespace lrpp
