#include <lrpp/adapters/activation.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/ops/activations.h>

namespace lrpp {

OpPtr activation_by_name(const std::string& name, const std::string& where) {
  if (name == "relu") return std::make_shared<ops::Relu>();
  if (name == "gelu") return std::make_shared<ops::Gelu>();
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") {
    return std::make_shared<ops::Gelu>(ops::GeluAttributes{"tanh"});
  }
  if (name == "silu" || name == "swish") return std::make_shared<ops::Silu>();
  if (name == "tanh") return std::make_shared<ops::Tanh>();
  fail(where, "the activation '{}' is not supported; {}", name,
       list_known(name, {"relu", "gelu", "gelu_new", "gelu_pytorch_tanh", "silu", "swish", "tanh"}));
}

}  // namespace lrpp
