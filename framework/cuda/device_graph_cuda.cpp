#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <lrpp/framework/cuda/device_graph.h>
#include <lrpp/framework/error.h>

namespace lrpp {

struct DeviceGraph::State {
  explicit State(at::Device device) : stream(c10::cuda::getStreamFromPool(false, device.index())) {}

  c10::cuda::CUDAStream stream;
  at::cuda::CUDAGraph graph;
};

DeviceGraph::DeviceGraph(at::Device device) {
  require(device.is_cuda(), "recording", "only work of a CUDA device can be recorded; got {}", device.str());
  state_ = std::make_unique<State>(device);
}
DeviceGraph::~DeviceGraph() = default;

void DeviceGraph::rehearse(const std::function<void()>& work) {
  c10::cuda::device_synchronize();
  const c10::cuda::CUDAStreamGuard guard(state_->stream);
  work();
  state_->stream.synchronize();
}

void DeviceGraph::record(const std::function<void()>& work) {
  c10::cuda::device_synchronize();
  const c10::cuda::CUDAStreamGuard guard(state_->stream);
  state_->graph.capture_begin();
  try {
    work();
  } catch (...) {
    // The capture has to end before anything else can be launched; that it failed is known.
    try {
      state_->graph.capture_end();
    } catch (const c10::Error&) {
      cudaGetLastError();
    }
    throw;
  }
  state_->graph.capture_end();
}

void DeviceGraph::replay() { state_->graph.replay(); }

}  // namespace lrpp
