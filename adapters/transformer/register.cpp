#include <lrpp/adapters/transformer/register.h>

namespace lrpp {

void register_transformer(Registry& registry) {}

}  // namespace lrpp
