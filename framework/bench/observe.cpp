#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <c10/util/ScopeExit.h>
#include <lrpp/framework/bench/observe.h>
#include <lrpp/framework/bench/timing.h>
#include <lrpp/framework/error.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>

namespace lrpp {
namespace {

using Clock = std::chrono::steady_clock;
using Context = std::unique_ptr<at::ObserverContext>;

NodePass parse(std::string_view name) {
  for (const Pass pass : {Pass::forward, Pass::again, Pass::walk}) {
    const std::string_view word = NodeScope::word(pass);
    if (name.starts_with(word) && name.size() > word.size() && name[word.size()] == ' ')
      return {pass, std::string(name.substr(word.size() + 1))};
  }
  return {};  // somebody else's scope
}

/// What runs between its making and its end is observed. LibTorch takes plain functions for callbacks, so
/// that what they write to is static (Counting, Timing), and there is one observation at a time.
class Observation {
 public:
  explicit Observation(at::RecordFunctionCallback callback)
      : handle_(at::addGlobalCallback(std::move(callback))) {}
  ~Observation() { at::removeCallback(handle_); }
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

 private:
  at::CallbackHandle handle_;
};

template <class Visit>
void for_each_tensor(const c10::IValue& value, const Visit& visit) {
  if (value.isTensor()) {
    const Tensor& t = value.toTensor();
    if (t.defined() && t.has_storage()) visit(t);
  } else if (value.isTensorList()) {
    for (const Tensor& t : value.toTensorVector()) visit(t);
  } else if (value.isList()) {  // of optional tensors
    for (const c10::IValue& element : value.toListRef()) {
      if (element.isTensor()) for_each_tensor(element, visit);
    }
  }
}

double bytes_of(const Tensor& t) {
  return std::min(static_cast<double>(t.nbytes()), static_cast<double>(t.storage().nbytes()));
}

/// Names that choose some of what their first argument holds.
bool looks_up(std::string_view name) {
  for (const char* each :
       {"aten::embedding", "aten::index", "aten::index_select", "aten::gather", "aten::take_along_dim"}) {
    if (name == each) return true;
  }
  return false;
}

/// One operation on its way.
struct Frame final : at::ObserverContext {
  bool outermost = false, product = false, is_scope = false, writes = false;
  NodePass before;  ///< of a scope: what it lies in
  std::string name;
  double read = 0, first = 0;
  std::set<const void*> storages;  ///< of the arguments
};

struct Counting {
  std::mutex mutex;
  NodePass now;
  Operations* found = nullptr;
  static Counting& get() {
    static Counting counting;
    return counting;
  }
};

// How many observed operations and how many products this thread is inside of.
thread_local int depth = 0, products_deep = 0;

Context start_counting(const at::RecordFunction& fn) {
  auto frame = std::make_unique<Frame>();
  Counting& counting = Counting::get();
  const std::lock_guard lock(counting.mutex);
  frame->name = fn.name();
  frame->is_scope = fn.scope() == at::RecordScope::USER_SCOPE;
  if (frame->is_scope) {
    frame->before = counting.now;
    counting.now = parse(frame->name);
    return frame;
  }
  frame->outermost = depth++ == 0;
  if (products_deep == 0) {
    if (const auto product = find_product(frame->name, fn.inputs())) {
      frame->product = true;
      counting.found->nodes[counting.now].flops += product->flops();
      add_product(counting.found->products, *product);
    }
  }
  if (frame->product) ++products_deep;
  if (!frame->outermost) return frame;
  const auto schema = fn.operator_schema();
  frame->writes = schema && schema->is_mutable();
  for (const c10::IValue& value : fn.inputs()) {
    for_each_tensor(value, [&](const Tensor& t) {
      if (frame->storages.empty()) frame->first = bytes_of(t);
      frame->read += bytes_of(t);
      frame->storages.insert(t.storage().data());
    });
  }
  return frame;
}

/// Bytes of an operation that is done.
double moved(const Frame& frame, const std::vector<c10::IValue>& outputs) {
  if (frame.name.find("empty") != frame.name.npos) return 0;
  double made = 0, in_place = 0;
  for (const c10::IValue& value : outputs) {
    for_each_tensor(value, [&](const Tensor& t) {
      (frame.storages.contains(t.storage().data()) ? in_place : made) += bytes_of(t);
    });
  }
  if (!frame.writes && made == 0 && in_place > 0) return 0;  // a view
  // What is written in place counts among the arguments once already. These read it as well, the others do
  // not look at what was there.
  const bool overwrites =
      frame.name == "aten::copy_" || frame.name == "aten::fill_" || frame.name == "aten::zero_";
  if (frame.name.ends_with("_") && !overwrites) made += in_place;
  const double saved = looks_up(frame.name) ? std::max(frame.first - made, 0.0) : 0;  // of the table
  return frame.read - saved + made;
}

void end_counting(const at::RecordFunction& fn, at::ObserverContext* context) {
  auto* frame = static_cast<Frame*>(context);
  if (frame == nullptr) return;
  Counting& counting = Counting::get();
  const std::lock_guard lock(counting.mutex);
  if (frame->is_scope) {
    counting.now = frame->before;
    return;
  }
  --depth;
  if (frame->product) --products_deep;
  if (frame->outermost) counting.found->nodes[counting.now].bytes += moved(*frame, fn.outputs());
}

struct Timing {
  at::Device device = at::kCPU;
  std::map<NodePass, double> found;
  static Timing& get() {
    static Timing timing;
    return timing;
  }
};

struct Started final : at::ObserverContext {
  NodePass node;
  Clock::time_point at;
};

Context start_timing(const at::RecordFunction& fn) {
  auto started = std::make_unique<Started>();
  started->node = parse(fn.name());
  finish(Timing::get().device);
  started->at = Clock::now();
  return started;
}

void end_timing(const at::RecordFunction&, at::ObserverContext* context) {
  auto* started = static_cast<Started*>(context);
  if (started == nullptr || started->node.node.empty()) return;
  Timing& timing = Timing::get();
  finish(timing.device);
  timing.found[started->node] +=
      std::chrono::duration<double, std::milli>(Clock::now() - started->at).count();
}

}  // namespace

double Operations::flops() const {
  double total = 0;
  for (const auto& [node, counted] : nodes) total += counted.flops;
  return total;
}

Operations count_operations(const std::function<void()>& work) {
  Operations found;
  Counting& counting = Counting::get();
  LRPP_ASSERT(counting.found == nullptr, "operations are counted already");
  counting.found = &found;
  counting.now = {};
  const auto at_end = c10::make_scope_exit([&] { counting.found = nullptr; });
  const Observation observation(at::RecordFunctionCallback(start_counting, end_counting)
                                    .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE})
                                    .needsInputs(true)
                                    .needsOutputs(true));
  work();
  return found;
}

std::map<NodePass, double> time_nodes(const at::Device& device, const std::function<void()>& work) {
  Timing& timing = Timing::get();
  timing.device = device;
  timing.found.clear();
  const Observation observation(
      at::RecordFunctionCallback(start_timing, end_timing).scopes({at::RecordScope::USER_SCOPE}));
  work();
  return std::move(timing.found);
}

}  // namespace lrpp
