#include <lrpp/adapters/activation.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/ops/activations.h>

namespace lrpp {

OpPtr make_activation(const std::string& name, const std::string& where) {
  if (name == "relu") return std::make_shared<ops::Relu>();
  if (name == "relu2") return std::make_shared<ops::Relu2>();
  if (name == "gelu" || name == "gelu_python") return std::make_shared<ops::Gelu>();
  // Three ways to write the same function; gelu_fast cuts sqrt(2 / pi) after ten digits.
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    return std::make_shared<ops::Gelu>(ops::GeluAttributes{"tanh"});
  }
  if (name == "quick_gelu") return std::make_shared<ops::QuickGelu>();
  if (name == "silu" || name == "swish") return std::make_shared<ops::Silu>();
  if (name == "tanh") return std::make_shared<ops::Tanh>();
  fail(where, "the activation '{}' is not supported; {}", name,
       list_known(name, {"gelu", "gelu_fast", "gelu_new", "gelu_python", "gelu_pytorch_tanh", "quick_gelu",
                         "relu", "relu2", "silu", "swish", "tanh"}));
}

}  // namespace lrpp
