#pragma once

#include <lrpp/framework/bench/products.h>
#include <lrpp/framework/node_scope.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lrpp {

/// A node in one pass; without a name what lies outside of all nodes: seed, read-out, checks.
struct NodePass {
  Pass pass = Pass::forward;
  std::string node;
  friend auto operator<=>(const NodePass&, const NodePass&) = default;
};

struct Counted {
  double flops = 0;  ///< of products of matrices and convolutions
  double bytes = 0;  ///< of the tensors that LibTorch's operations read and write
};

struct Operations {
  std::map<NodePass, Counted> nodes;
  std::vector<Product> products;
  double flops() const;
};

/// Counts what LibTorch's operations do while `work` runs, in any thread, with the node that they do it for.
///
/// Bytes: each operation reads its tensors and writes its results, once each, as far as they lie in memory
/// once; views and allocations move nothing, and a look-up reads what it returns. So a value that one
/// operation writes and another reads counts twice, although a cache may hold it or a fused kernel do without
/// it. What is called by the operation that was called counts with it. Operations that are no call of
/// LibTorch's dispatcher are not seen.
Operations count_operations(const std::function<void()>& work);

/// Milliseconds at each node while `work` runs once, waiting for the device at each: longer, on a GPU, than
/// without.
std::map<NodePass, double> time_nodes(const at::Device& device, const std::function<void()>& work);

}  // namespace lrpp
