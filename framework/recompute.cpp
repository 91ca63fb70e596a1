#include <c10/core/CachingDeviceAllocator.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/plan.h>
#include <lrpp/framework/recompute.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>

namespace lrpp {
namespace {

size_t at(int i) { return static_cast<size_t>(i); }

/// Nodes after which all that is alive, sources aside, is their own. Sources are read in many places and are
/// small, or kept in any case. Of several such nodes in a row the last: there is nothing between them.
std::vector<int> find_cuts(const Plan& plan) {
  std::vector<int> cuts;
  std::set<int> alive;
  std::vector<int> last_use(plan.steps.size(), -1);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (int use : plan.steps[i].last_use) last_use[i] = std::max(last_use[i], use);
  }
  for (int i = 0; i < static_cast<int>(plan.steps.size()); ++i) {
    const Node& node = plan.graph.node(i);
    for (const Value& v : node.inputs) {
      if (last_use[at(v.node)] <= i) alive.erase(v.node);
    }
    if (node.op->kind() == OpKind::source) continue;
    if (last_use[at(i)] > i) alive.insert(i);
    if (!alive.empty() && (alive.size() > 1 || !alive.contains(i))) continue;
    if (!cuts.empty() && cuts.back() == i - 1) cuts.pop_back();
    cuts.push_back(i);
  }
  return cuts;
}

/// Where relevance is read out: kept in any case.
bool is_read_out(const Plan& plan, Value v) {
  const std::vector<Layer>& layers = plan.graph.layers();
  return plan.graph.attributed() == v || plan.graph.tokens() == v ||
         std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.value == v; });
}

/// Whether the value is there for the rules that read it.
bool is_kept(const Plan& plan, Value v) {
  return plan.steps[at(v.node)].keep[at(v.output)] && !is_read_out(plan, v);
}

/// Nodes `first` up to `last` as a segment that is run again for those of its values that `is_wanted` names.
template <class IsWanted>
Segment make_segment(const Plan& plan, int first, int last, const IsWanted& is_wanted) {
  Segment segment{first, last, {}, {}, {}};
  std::set<int> again;
  std::set<Value> entries;
  for (int i = last - 1; i >= first; --i) {
    const Node& node = plan.graph.node(i);
    if (node.op->kind() == OpKind::source) continue;
    bool runs = again.contains(i);
    for (int o = 0; o < node.op->num_outputs(); ++o) {
      if (!is_wanted(Value{i, o})) continue;
      segment.wanted.push_back({i, o});
      runs = true;
    }
    if (!runs) continue;
    again.insert(i);
    for (const Value& v : node.inputs) {
      const bool inside = v.node >= first && plan.graph.node(v.node).op->kind() != OpKind::source;
      if (inside) {
        again.insert(v.node);
      } else {
        entries.insert(v);
      }
    }
  }
  segment.again.assign(again.begin(), again.end());
  segment.entries.assign(entries.begin(), entries.end());
  return segment;
}

/// In bytes, from /proc/meminfo: what the system could still give.
int64_t available_on_host() {
  std::ifstream info("/proc/meminfo");
  for (std::string key, rest; info >> key && std::getline(info, rest);) {
    if (key == "MemAvailable:") return std::stoll(rest) * 1024;
  }
  return std::numeric_limits<int64_t>::max();
}

/// In bytes, from /proc/self/statm: what the process takes, its program, its libraries and files that it has
/// mapped among it.
int64_t resident_memory() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Freed blocks that are still ours: of the tensors' heap, and of the C library's.
int64_t reusable_on_host() { return heap_use().held + static_cast<int64_t>(mallinfo2().fordblks); }

c10::DeviceIndex index_of(const c10::Device& device) {
  return device.has_index() ? device.index() : c10::DeviceIndex(0);
}

}  // namespace

Recompute recompute_from_name(std::string_view name) {
  if (name == "auto") return Recompute::automatic;
  if (name == "always") return Recompute::always;
  if (name == "never") return Recompute::never;
  fail("recompute", "must be 'auto', 'always' or 'never'; got '{}'", name);
}

std::string_view to_string(Recompute recompute) {
  if (recompute == Recompute::automatic) return "auto";
  return recompute == Recompute::always ? "always" : "never";
}

std::vector<Segment> find_segments(const Plan& plan) {
  std::vector<Segment> segments;
  if (plan.audit) return segments;  // keeps everything
  int first = 0;
  for (int cut : find_cuts(plan)) {
    Segment segment = make_segment(plan, first, cut, [&](Value v) { return is_kept(plan, v); });
    first = cut + 1;
    if (!segment.wanted.empty()) segments.push_back(std::move(segment));
  }
  return segments;
}

Segment join_segments(const Plan& plan, size_t begin, size_t end) {
  const auto from = plan.segments.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto to = plan.segments.begin() + static_cast<std::ptrdiff_t>(end);
  const Segment& last = *(to - 1);
  std::set<Value> entries;
  for (auto s = from + 1; s != to; ++s) entries.insert(s->entries.begin(), s->entries.end());
  return make_segment(plan, from->first, last.last, [&](Value v) {
    if (entries.contains(v)) return !is_read_out(plan, v);
    // What the rules inside of the others read comes later, when each of them is run again.
    const auto own =
        std::find_if(from, to - 1, [&](const Segment& s) { return s.first <= v.node && v.node < s.last; });
    return own == to - 1 && is_kept(plan, v);
  });
}

int64_t used_memory(const c10::Device& device) {
  if (device.is_cpu()) return resident_memory() - reusable_on_host();
  return c10::getDeviceAllocator(device.type())->getDeviceStats(index_of(device)).allocated_bytes[0].current;
}

int64_t free_memory(const c10::Device& device, int64_t limit) {
  int64_t free = 0;
  if (device.is_cpu()) {
    free = available_on_host() + reusable_on_host();
  } else {
    auto* allocator = c10::getDeviceAllocator(device.type());
    const auto stats = allocator->getDeviceStats(index_of(device));
    free = static_cast<int64_t>(allocator->getMemoryInfo(index_of(device)).first) +
           stats.reserved_bytes[0].current - stats.allocated_bytes[0].current;
  }
  return limit > 0 ? std::min(free, limit - used_memory(device)) : free;
}

}  // namespace lrpp
