// Of a build without CUDA.
#include <lrpp/framework/cuda/device_graph.h>
#include <lrpp/framework/error.h>

namespace lrpp {

struct DeviceGraph::State {};

DeviceGraph::DeviceGraph(at::Device) {
  fail("recording",
       "only work of a CUDA device can be recorded, and this build has no CUDA; explain without");
}
DeviceGraph::~DeviceGraph() = default;
void DeviceGraph::rehearse(const std::function<void()>&) {}
void DeviceGraph::record(const std::function<void()>&) {}
void DeviceGraph::replay() {}

}  // namespace lrpp
