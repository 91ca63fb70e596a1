#include <lrpp/framework/keeper.h>

#include <algorithm>
#include <map>

namespace lrpp {

Keeper::Keeper(const Plan& plan, const MemoryOptions& memory, Trace& trace)
    : plan_(plan), memory_(memory), trace_(trace) {
  for (const Plan::Step& step : plan.steps) keep_.push_back(step.keep);
  trace.again.assign(plan.segments.size(), {});
}

void Keeper::enter(int i) {
  if (next_ >= plan_.segments.size() || plan_.segments[next_].first != i) return;
  if (memory_.recompute != Recompute::never) {
    if (next_ > 0) measure(next_ - 1);
    decide(next_);
  }
  ++next_;
}

void Keeper::decide(size_t segment) {
  const size_t last = plan_.segments.size() - 1;
  if (segment < decided_) return;
  if (memory_.recompute == Recompute::automatic) {
    const bool fits = segment == 0 || fits_whole(segment);
    if (segment > 0 && is_whole(segment - 1)) settle(segment - 1, fits);
    if (fits && segment != last) {
      // It stays for now; what it could be computed again from does too, until it has been measured.
      keep(plan_.segments[segment].entries, true);
      return;
    }
  }
  if (segment == last) return;
  decided_ = segment + (memory_.recompute == Recompute::automatic ? length_of_run(segment) : 1);
  drop(segment, decided_);
}

void Keeper::measure(size_t segment) {
  const Segment& s = plan_.segments[segment];
  if (is_whole(segment)) whole_ = std::max(whole_, bytes(s.wanted));
  for (auto i = static_cast<size_t>(s.first); i < static_cast<size_t>(s.last); ++i) {
    if (!plan_.steps[i].reached) continue;
    for (const Meta& meta : trace_.metas[i]) {
      const int64_t elements = c10::multiply_integers(meta.sizes);
      signal_ = std::max(signal_, elements * static_cast<int64_t>(meta.options.dtype().itemsize()));
    }
  }
}

/// A segment that was kept until the next one began, and has been measured, stays or goes.
void Keeper::settle(size_t segment, bool stays) {
  const Segment& s = plan_.segments[segment];
  if (stays) {
    for (const Value& v : s.entries) keep({v}, plan_keeps(v) || entries_.contains(v));
    let_go(s.entries);
  } else {
    drop(segment, segment + 1);
    let_go(s.wanted);
  }
}

/// How many segments, from this one on, are computed again together: as few as leave room for what is kept of
/// them and of all that follow, but for the last.
size_t Keeper::length_of_run(size_t segment) const {
  const size_t count = plan_.segments.size() - 1 - segment;
  const int64_t entry = bytes(plan_.segments[segment].entries);
  const int64_t of_run = count > 1 ? bytes(join_segments(plan_, segment, segment + 2).entries) : entry;
  const auto needed = [&](size_t run) {
    const auto runs = static_cast<int64_t>((count + run - 1) / run);
    return run == 1 ? runs * entry : runs * of_run + static_cast<int64_t>(run - 1) * entry;
  };
  const int64_t room = free_bytes() - whole_ - around();
  size_t best = 1;
  for (size_t run = 2; run <= count && needed(best) > room; ++run) {
    if (needed(run) < needed(best)) best = run;
  }
  return best;
}

/// Whether there is room for this segment and all after it.
bool Keeper::fits_whole(size_t segment) const {
  return static_cast<int64_t>(plan_.segments.size() - segment) * whole_ + around() <= free_bytes();
}

void Keeper::drop(size_t begin, size_t end) {
  for (size_t s = begin; s < end; ++s) {
    keep(plan_.segments[s].wanted, false);
    trace_.again[s] = plan_.segments[s];
  }
  Segment& all = trace_.again[end - 1];
  if (end - begin > 1) all = join_segments(plan_, begin, end);
  keep(all.wanted, false);
  keep(all.entries, true);
  entries_.insert(all.entries.begin(), all.entries.end());
}

/// Frees what is not to be kept and has had its last use before the segment that comes next.
void Keeper::let_go(const std::vector<Value>& values) {
  for (const Value& v : values) {
    const int last_use = plan_.steps[static_cast<size_t>(v.node)].last_use[static_cast<size_t>(v.output)];
    if (keeps(v) || last_use >= plan_.segments[next_].first) continue;
    trace_.values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)].reset();
  }
}

bool Keeper::plan_keeps(Value v) const {
  return plan_.steps[static_cast<size_t>(v.node)].keep[static_cast<size_t>(v.output)];
}

void Keeper::keep(const std::vector<Value>& values, bool it) {
  for (const Value& v : values) keep_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)] = it;
}

/// In memory, where views share theirs. Of sources nothing: they are there anyway, or yet to come.
int64_t Keeper::bytes(const std::vector<Value>& values) const {
  std::map<const void*, size_t> storages;
  for (const Value& v : values) {
    if (plan_.graph.node(v.node).op->kind() == OpKind::source) continue;
    const Tensor& t = trace_.value(v);
    if (t.defined()) storages[t.storage().data()] = t.storage().nbytes();
  }
  int64_t total = 0;
  for (const auto& [data, size] : storages) total += static_cast<int64_t>(size);
  return total;
}

int64_t Keeper::free_bytes() const {
  const Tensor& any = trace_.value(plan_.graph.attributed());
  return free_memory(any.defined() ? any.device() : at::Device(at::kCPU), memory_.limit);
}

}  // namespace lrpp
