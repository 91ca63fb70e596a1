#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace lrpp {

/// Work of a CUDA device that is launched as one: a CUDA graph. Launching some hundred kernels one by one
/// takes longer than short inputs take to compute.
class DeviceGraph {
 public:
  /// Throws UserError unless the device is a CUDA device and this build has CUDA.
  explicit DeviceGraph(at::Device device);
  ~DeviceGraph();
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;

  /// Does the work, without recording it, on the stream on which it will be recorded, and waits for it.
  void rehearse(const std::function<void()>& work);
  /// Records the work, once, without doing it. It must not wait for the device. What it allocates belongs to
  /// the graph: tensors keep their places, and a replay fills them anew. What `work` throws goes through.
  void record(const std::function<void()>& work);
  /// Does what was recorded, after all that was launched before, without waiting for it.
  void replay();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lrpp
