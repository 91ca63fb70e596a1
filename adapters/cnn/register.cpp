#include <lrpp/adapters/cnn/register.h>

namespace lrpp {

void register_cnn(Registry& registry) {}

}  // namespace lrpp
