// config.json of the Mamba family and of CNNs: whatever the bytes are, a config that can be built from or a
// UserError comes back.
#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void expect(bool sane) {
  if (!sane) std::abort();
}

bool positive(const std::vector<int64_t>& sizes) {
  return !sizes.empty() && *std::min_element(sizes.begin(), sizes.end()) > 0;
}

void expect_sane(const lrpp::mamba::BlockConfig& b) {
  expect(positive({b.hidden_size, b.intermediate_size, b.state_size, b.conv_kernel, b.time_step_rank}));
}

void expect_sane(const lrpp::mamba::Mamba2Config& m) {
  expect(positive({m.hidden_size, m.heads, m.head_dim, m.state_size, m.groups, m.conv_kernel}) &&
         m.heads % m.groups == 0 && m.dt_min <= m.dt_max);
}

void expect_sane(const lrpp::mamba::StackConfig& config) {
  std::visit([](const auto& mixer) { expect_sane(mixer); }, config.mixer);
  expect(positive({config.frame.vocab_size, config.frame.hidden_size, config.frame.head.outputs}) &&
         config.num_layers >= 0);
}

void expect_sane(const lrpp::cnn::ResNetConfig& c) {
  expect(positive(c.layers) && positive(c.planes) && c.planes.size() == c.layers.size() && !c.labels.empty());
  for (const int64_t planes : c.planes) {
    expect(positive({c.in_channels, c.stem_planes, planes * c.width_per_group / 64 * c.groups}));
  }
}

void expect_sane(const lrpp::cnn::VggFeatures& c) {
  expect(c.in_channels > 0 && !c.layers.empty() && c.layers[0] > 0 &&
         *std::min_element(c.layers.begin(), c.layers.end()) >= 0);
}

void expect_sane(const lrpp::cnn::TorchvisionVggConfig& c) {
  expect_sane(c.features);
  expect(positive(c.avgpool_output) && c.avgpool_output.size() == 2 && positive(c.classifier) &&
         c.classifier.size() >= 2 && c.classifier.back() == static_cast<int64_t>(c.labels.size()));
}

void expect_sane(const lrpp::cnn::TimmVggConfig& c) {
  expect_sane(c.features);
  expect(positive({c.middle, c.hidden}) && !c.labels.empty());
}

void expect_sane(const lrpp::cnn::HuggingFaceResNetConfig& c) {
  expect(positive(c.hidden_sizes) && positive(c.depths) && c.depths.size() == c.hidden_sizes.size() &&
         positive({c.num_channels, c.embedding_size, c.bottleneck ? c.hidden_sizes[0] / 4 : 1}) &&
         !c.labels.empty());
}

void expect_sane(const lrpp::cnn::ConvNextConfig& c) {
  expect(positive(c.hidden_sizes) && positive(c.depths) && c.depths.size() == c.hidden_sizes.size() &&
         positive({c.num_channels, c.patch_size}) && !c.labels.empty());
}

template <class Read>
void check(Read read, const lrpp::Json& json) {
  try {
    expect_sane(read(json, "fuzz"));
  } catch (const lrpp::UserError&) {  // What every wrong config must end in.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lrpp;
  try {
    const Json json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz", Infinities::accept);
    if (!json.is_object()) return 0;
    check(mamba::read_mamba, json);
    check(mamba::read_falcon_mamba, json);
    check(mamba::read_mamba2, json);
    check(mamba::read_state_spaces_config, json);
    check(cnn::read_torchvision_resnet, json);
    check(cnn::read_torchvision_vgg, json);
    check(cnn::read_timm_resnet, json);
    check(cnn::read_timm_vgg, json);
    check(cnn::read_huggingface_resnet, json);
    check(cnn::read_convnext, json);
  } catch (const UserError&) {
  }
  return 0;
}
