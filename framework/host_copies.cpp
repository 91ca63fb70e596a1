#include <lrpp/framework/error.h>
#include <lrpp/framework/host_copies.h>

namespace lrpp {
namespace {

thread_local HostCopies* keeping = nullptr;
thread_local HostCopies* giving = nullptr;

}  // namespace

Tensor to_device(const Tensor& host, const at::Device& device) {
  if (host.device() == device) return host;
  if (giving != nullptr) {
    LRPP_ASSERT(giving->given_ < giving->copies_.size(), "more is copied to the device than was before");
    const HostCopies::Copy& copy = giving->copies_[giving->given_++];
    LRPP_ASSERT(copy.host.dtype() == host.dtype() && at::equal(copy.host, host),
                "another tensor is copied to the device than was before");
    return copy.there;
  }
  const Tensor there = host.to(device, /*non_blocking=*/true);
  if (keeping != nullptr) keeping->copies_.push_back({host.clone(), there});
  return there;
}

HostCopies::Keep::Keep(HostCopies& copies) {
  copies.copies_.clear();
  keeping = &copies;
}
HostCopies::Keep::~Keep() { keeping = nullptr; }

HostCopies::Give::Give(HostCopies& copies) {
  copies.given_ = 0;
  giving = &copies;
}
HostCopies::Give::~Give() { giving = nullptr; }

}  // namespace lrpp
