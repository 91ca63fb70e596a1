#include <lrpp/framework/cuda/kept_parts.h>

namespace lrpp::cuda {
namespace {

/// Both products of all layers of mamba-130m take 1 GiB.
constexpr int64_t kLimit = int64_t{4} << 30;

// Changes in place are counted, except those of inference tensors, which may not be changed.
uint32_t version_of(c10::TensorImpl& weight) {
  return weight.is_inference() ? 0 : weight.version_counter().current_version();
}

}  // namespace

ScaledParts KeptParts::get(const Of& of, bool recording, const std::function<ScaledParts()>& make) {
  const std::lock_guard lock(mutex_);
  c10::TensorImpl& weight = *of.weight.unsafeGetTensorImpl();
  const Key key{&weight, of.how, of.blocks};
  const uint32_t version = version_of(weight);
  const auto found = entries_.find(key);
  // A weight that died may have left its address to another.
  if (found != entries_.end() && !found->second.weight.expired() && found->second.version == version) {
    if (recording) recorded_.push_back(found->second);
    return found->second.parts;
  }
  if (recording) return make();
  drop_stale();
  ScaledParts parts = make();
  const int64_t bytes = parts.bytes();
  if (bytes_ + bytes > limit_) return parts;
  entries_.insert_or_assign(
      key, Entry{c10::weak_intrusive_ptr<c10::TensorImpl>(of.weight.getIntrusivePtr()), version, parts});
  bytes_ += bytes;
  return parts;
}

void KeptParts::drop_stale() {
  for (auto i = entries_.begin(); i != entries_.end();) {
    const bool stale = i->second.weight.expired() || version_of(*std::get<0>(i->first)) != i->second.version;
    if (stale) bytes_ -= i->second.parts.bytes();
    i = stale ? entries_.erase(i) : std::next(i);
  }
  std::erase_if(recorded_, [](const Entry& entry) { return entry.weight.expired(); });
}

void KeptParts::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  bytes_ = 0;
}

int64_t KeptParts::bytes() {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

KeptParts& kept_parts() {
  // Never destroyed: at the end of the program the device may be gone before it.
  static auto* parts = new KeptParts(kLimit);
  return *parts;
}

}  // namespace lrpp::cuda
