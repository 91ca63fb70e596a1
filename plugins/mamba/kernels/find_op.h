#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

/// Operations of PyTorch's dispatcher, called from C++.
namespace lrpp::mamba {

/// The operation of that name, typed like the function F that calls it.
template <class F>
c10::TypedOperatorHandle<F> find_op(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<F>();
}

}  // namespace lrpp::mamba
