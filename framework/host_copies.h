#pragma once

#include <lrpp/framework/tensor.h>

#include <vector>

namespace lrpp {

/// A tensor of the host (ids, masks, positions) where it is computed with; the host does not wait for the
/// copy. Ops copy by this and nothing else, so that a recording can give them what was copied before.
Tensor to_device(const Tensor& host, const at::Device& device);

/// The copies that `to_device` makes on this thread, in their order. A recorded device must not read the
/// host's memory, which may have moved when it is replayed: first all that is recorded runs under `Keep`, and
/// then, recorded, under `Give`.
class HostCopies {
 public:
  /// While one lives, copies are kept.
  class Keep {
   public:
    explicit Keep(HostCopies& copies);
    ~Keep();
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;
  };
  /// While one lives, `to_device` gives the kept copies again, in their order. It throws InternalError where
  /// another tensor is asked for than was kept.
  class Give {
   public:
    explicit Give(HostCopies& copies);
    ~Give();
    Give(const Give&) = delete;
    Give& operator=(const Give&) = delete;
  };

 private:
  friend Tensor to_device(const Tensor& host, const at::Device& device);
  struct Copy {
    Tensor host, there;
  };
  std::vector<Copy> copies_;
  size_t given_ = 0;
};

}  // namespace lrpp
