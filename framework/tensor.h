#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

namespace lrpp {

using Tensor = at::Tensor;

/// One tensor per input or per output. An undefined tensor stands for "nothing here": no signal, not kept.
using Tensors = std::vector<Tensor>;

using NamedTensor = std::pair<std::string, Tensor>;
using NamedTensors = std::vector<NamedTensor>;

/// "[2, 5, 8]", for messages.
std::string shape_string(at::IntArrayRef sizes);

/// The sum over everything but the first (batch) dimension, in float64: [B].
Tensor sum_per_example(const Tensor& values);

/// sum_per_example(values * multiplier); the product is taken in float64.
Tensor dot_per_example(const Tensor& values, const Tensor& multiplier);

/// x + epsilon * sign(x) with sign(0) = +1, so that it can be divided by.
Tensor stabilize(const Tensor& x, double epsilon);

/// a + b where an undefined tensor counts as zero.
Tensor add_defined(const Tensor& a, const Tensor& b);

}  // namespace lrpp
