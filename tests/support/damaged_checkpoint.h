#pragma once

#include <lrpp/tests/support/models.h>

#include <cctype>
#include <set>

namespace lrpp::testing {

/// The tensors of a checkpoint, one of those whose names differ in numbers only.
inline std::vector<std::string> one_of_each_kind(const std::map<std::string, Tensor>& tensors) {
  std::vector<std::string> chosen;
  std::set<std::pair<std::string, int64_t>> kinds;
  for (const auto& [key, tensor] : tensors) {
    std::string kind = key;
    std::erase_if(kind, [](unsigned char c) { return std::isdigit(c); });
    if (kinds.insert({kind, tensor.dim()}).second) chosen.push_back(key);
  }
  return chosen;
}

/// Of a fixture's checkpoint, one tensor of each kind is taken out, and given another shape, and one tensor
/// more is put in: each is a UserError that names the tensor, and the shapes where they differ.
/// Those that are `optional` may be missing.
inline void expect_damage_is_named(const std::string& name, const std::set<std::string>& optional = {}) {
  const EditedModel whole(name);
  const auto expect = [](const EditedModel& damaged, const std::vector<std::string>& parts) {
    expect_user_error([&] { damaged.load(); }, parts);
  };
  for (const std::string& key : one_of_each_kind(whole.tensors)) {
    if (key.ends_with("num_batches_tracked")) continue;  // of no use: any value, or none, is fine
    SCOPED_TRACE(name + ": " + key);
    EditedModel damaged = whole;
    if (!optional.contains(key)) {
      damaged.tensors.erase(key);
      expect(damaged, {"'" + key + "'", "lacks"});
    }
    const Tensor other = whole.tensors.at(key).unsqueeze(0);
    damaged.tensors[key] = other;
    expect(damaged, {"'" + key + "'", shape_string(other[0].sizes()), shape_string(other.sizes())});
  }
  EditedModel more = whole;
  more.tensors["surplus.weight"] = at::zeros({2});
  expect(more, {"'surplus.weight'", "no use"});
}

}  // namespace lrpp::testing
