#pragma once

#include <lrpp/framework/explain.h>
#include <lrpp/framework/registry.h>

#include <map>
#include <string>

namespace lrpp::testing {

/// Holds the rows of one explanation of several targets (and, where the model answers at a token, of several
/// positions) to explanations of one target at one position each: of one example and of three, all rows at
/// once and few at a time, under composites that keep little and much. The ledger of all rows balances.
/// `tensors`: of a fixture's case.safetensors.
void expect_many_equal_one_by_one(const Model& model, const std::map<std::string, Tensor>& tensors);

}  // namespace lrpp::testing
