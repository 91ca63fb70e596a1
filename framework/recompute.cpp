#include <c10/core/CachingDeviceAllocator.h>
#include <lrpp/framework/plan.h>
#include <lrpp/framework/recompute.h>
#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>

namespace lrpp {
namespace {

size_t at(int i) { return static_cast<size_t>(i); }

/// Nodes after which all that is alive, sources aside, is their own. Sources are read in many places and are
/// small, or kept in any case.
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
    if (alive.empty() || (alive.size() == 1 && alive.contains(i))) cuts.push_back(i);
  }
  return cuts;
}

/// In bytes, from /proc/meminfo: what the system could still give.
int64_t available_on_host() {
  std::ifstream info("/proc/meminfo");
  for (std::string key, rest; info >> key && std::getline(info, rest);) {
    if (key == "MemAvailable:") return std::stoll(rest) * 1024;
  }
  return std::numeric_limits<int64_t>::max();
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
    Segment segment{first, cut, {}, {}, {}};
    std::set<int> again;
    std::set<Value> entries;
    for (int i = cut - 1; i >= segment.first; --i) {
      const Node& node = plan.graph.node(i);
      if (node.op->kind() == OpKind::source) continue;
      bool runs = again.contains(i);
      for (int o = 0; o < node.op->num_outputs(); ++o) {
        const bool read_out = plan.graph.attributed() == Value{i, o} || plan.graph.tokens() == Value{i, o};
        if (!plan.steps[at(i)].keep[at(o)] || read_out) continue;
        segment.wanted.push_back({i, o});
        runs = true;
      }
      if (!runs) continue;
      again.insert(i);
      for (const Value& v : node.inputs) {
        const bool inside = v.node >= segment.first && plan.graph.node(v.node).op->kind() != OpKind::source;
        if (inside) {
          again.insert(v.node);
        } else {
          entries.insert(v);
        }
      }
    }
    first = cut + 1;
    if (segment.wanted.empty()) continue;
    segment.again.assign(again.begin(), again.end());
    segment.entries.assign(entries.begin(), entries.end());
    segments.push_back(std::move(segment));
  }
  return segments;
}

int64_t free_memory(const c10::Device& device, int64_t limit) {
  int64_t free = 0, used = 0;
  if (device.is_cpu()) {
    free = available_on_host();
    const auto heap = mallinfo2();
    used = static_cast<int64_t>(heap.uordblks + heap.hblkhd);
    // Freed blocks that the heap keeps are still ours.
    free += static_cast<int64_t>(heap.fordblks);
  } else {
    auto* allocator = c10::getDeviceAllocator(device.type());
    const auto index = device.has_index() ? device.index() : c10::DeviceIndex(0);
    const auto stats = allocator->getDeviceStats(index);
    used = stats.allocated_bytes[0].current;
    free =
        static_cast<int64_t>(allocator->getMemoryInfo(index).first) + stats.reserved_bytes[0].current - used;
  }
  return limit > 0 ? std::min(free, limit - used) : free;
}

}  // namespace lrpp
