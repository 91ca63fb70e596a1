#include <lrpp/adapters/cnn/register.h>
#include <lrpp/adapters/register.h>
#include <lrpp/adapters/transformer/register.h>

namespace lrpp {

void register_adapters(Registry& registry) {
  register_cnn(registry);
  register_transformer(registry);
}

}  // namespace lrpp
