#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/labels.h>

namespace lrpp::cnn {

void require_size(const std::string& where, std::string_view key, int64_t value) {
  require(value > 0 && value <= max_size, where, "'{}' must be between 1 and 2^24; got {}", key, value);
}

void require_sizes(const std::string& where, std::string_view key, const std::vector<int64_t>& values,
                   size_t count) {
  require(count == 0 ? !values.empty() : values.size() == count, where, "'{}' must have {} entries; got {}",
          key, count == 0 ? "one or more" : std::to_string(count), values.size());
  for (const int64_t value : values) require_size(where, key, value);
}

void require_classes(const std::string& where, std::string_view key, int64_t value) {
  require(value > 0 && value <= max_labels, where, "'{}' must be between 1 and 2^20; got {}", key, value);
}

}  // namespace lrpp::cnn
