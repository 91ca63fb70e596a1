#include <lrpp/framework/error.h>
#include <lrpp/framework/io/byte_size.h>

#include <string>

namespace lrpp {

int64_t bytes_from_word(std::string_view where, std::string_view word) {
  if (word.empty()) return 0;
  size_t end = 0;
  double number = 0;
  try {
    number = std::stod(std::string(word), &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const std::string_view unit = word.substr(end);
  const double factor = unit == "GiB" ? 1 << 30 : unit == "MiB" ? 1 << 20 : 0;
  require(end > 0 && factor > 0 && number > 0 && number * factor < 1e18, where,
          "must be a number above 0 with its unit, as 8GiB or 500MiB; got '{}'", word);
  return static_cast<int64_t>(number * factor);
}

}  // namespace lrpp
