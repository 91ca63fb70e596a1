#pragma once

#include <lrpp/framework/graph.h>

#include <memory>
#include <mutex>

namespace lrpp {

/// What is made of a graph and read again while the same graph is explained, such as a plan. Only the last
/// one is remembered. Graphs are the same where their ops are, so that a model changed or loaded again gets
/// its own.
template <class Made>
class PerGraph {
 public:
  template <class Make>
  std::shared_ptr<const Made> of(const Graph& graph, const Make& make) const {
    const std::lock_guard lock(mutex_);
    if (!made_ || !(graph_ == graph)) {
      made_ = std::make_shared<const Made>(make(graph));
      graph_ = graph;
    }
    return made_;
  }

 private:
  mutable std::mutex mutex_;
  mutable Graph graph_;
  mutable std::shared_ptr<const Made> made_;
};

}  // namespace lrpp
