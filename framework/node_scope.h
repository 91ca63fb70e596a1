#pragma once

#include <ATen/record_function.h>
#include <lrpp/framework/graph.h>

#include <string>

namespace lrpp {

/// What is done at a node: the forward pass, the forward pass once more during the walk, or the walk.
enum class Pass { forward, again, walk };

/// Marks the work at one node for whoever observes it through LibTorch's RecordFunction, as profilers do: a
/// user scope that is named "forward NAME", "again NAME" or "walk NAME". Without observers it costs one look
/// whether there are some.
class NodeScope {
 public:
  NodeScope(Pass pass, const Node& node) : scope_(at::RecordScope::USER_SCOPE) {
    if (!scope_.isActive()) return;
    name_ = std::string(word(pass)) + " " + node.name;
    scope_.before(name_);
  }
  static std::string_view word(Pass pass) {
    return pass == Pass::forward ? "forward" : pass == Pass::again ? "again" : "walk";
  }

 private:
  std::string name_;  // before the scope, which reads it to its end
  at::RecordFunction scope_;
};

}  // namespace lrpp
