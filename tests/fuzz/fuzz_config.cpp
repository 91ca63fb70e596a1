// config.json of the Mamba family: whatever the bytes are, a StackConfig or a UserError comes back.
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void expect_sane(const lrpp::mamba::StackConfig& config) {
  const auto& b = config.block;
  const bool positive = b.hidden_size > 0 && b.intermediate_size > 0 && b.state_size > 0 &&
                        b.conv_kernel > 0 && b.time_step_rank > 0 && config.vocab_size > 0 &&
                        config.num_outputs > 0 && config.num_layers >= 0;
  if (!positive) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lrpp;
  try {
    const Json json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!json.is_object()) return 0;
    try {
      expect_sane(mamba::read_huggingface_config(json, "fuzz"));
    } catch (const UserError&) {
    }
    expect_sane(mamba::read_state_spaces_config(json, "fuzz"));
  } catch (const UserError&) {
  }
  return 0;
}
