#pragma once

#include <lrpp/framework/io/json.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// More classes than any classifier has, and not more than a list of their names may take.
inline constexpr int64_t max_labels = int64_t{1} << 20;

/// How many classes a Hugging Face config speaks of: `num_labels`, else the size of `id2label`, else 2, their
/// default. Throws UserError for none. That the two agree is checked by `labels_of`.
int64_t num_labels_of(const Json& config, const std::string& where);

/// The names of `count` classes: `id2label` ({"0": "bad", "1": "good"}) as a list by class, or `prefix` and
/// the number of the class where the config has no names. `where` heads the messages. Throws UserError for an
/// `id2label` that leaves a class out or names one that is not there.
std::vector<std::string> labels_of(const Json& config, int64_t count, const std::string& where,
                                   std::string_view prefix = "LABEL_");

}  // namespace lrpp
