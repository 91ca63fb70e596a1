#pragma once

#include <lrpp/framework/registry.h>

#include <filesystem>
#include <string_view>

namespace lrpp {

/// A composite from a rules file:
///   {"extends": "mamba-lrp",
///    "rules": [{"match": {"op": "silu", "name": "layers.*"}, "rule": "gradient"},
///              {"match": {"op": ["linear", "conv1d"]}, "rule": {"epsilon": {"epsilon": 0.25}}}]}
/// "extends" is a composite's name or {"name": {arguments}}, and may be left out; own entries come first.
/// Keys of "match" are op, kind, name and which ("first" or "last" of the nodes that fit the rest). "name"
/// names the result, "readout" ("relevance" or "multiplier") overrides what is read out, and "canonizers" (an
/// array of names) which rewrites are made. Unknown keys, ops, kinds, rules and parameters are UserErrors.
Composite composite_from_json(const Registry& registry, const Json& json, std::string_view where);

/// `rules` as `--rules` takes it: a composite's name, or a file that ends in .json.
Composite composite_from_argument(const Registry& registry, const std::string& rules);

}  // namespace lrpp
