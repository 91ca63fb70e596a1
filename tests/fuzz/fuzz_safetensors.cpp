// Fuzzes the parser of .safetensors headers: any bytes give a header that keeps its promises, or a UserError.
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/safetensors_header.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using lrpp::safetensors::Entry;
using lrpp::safetensors::Header;

/// What a reader relies on when it makes a view of a tensor; then the header is written and read again.
void check(const Header& header, std::string_view file) {
  LRPP_ASSERT(header.data_begin <= file.size(), "the data begins behind the file's end");
  const std::string_view data = file.substr(header.data_begin);
  std::uint64_t covered = 0;
  for (const auto& [name, entry] : header.tensors) {
    LRPP_ASSERT(entry.begin <= entry.end && entry.end <= data.size(), "'{}' lies outside the data", name);
    std::uint64_t bytes = lrpp::safetensors::dtype_size(entry.dtype);
    for (const std::int64_t size : entry.shape) {
      LRPP_ASSERT(size >= 0, "'{}' has a negative size", name);
      bytes *= static_cast<std::uint64_t>(size);
    }
    LRPP_ASSERT(bytes == entry.end - entry.begin, "'{}' has another size than its shape", name);
    covered += bytes;
  }
  LRPP_ASSERT(covered == data.size(), "the tensors do not cover the data");

  const std::string written = lrpp::safetensors::format_header({header.tensors.begin(), header.tensors.end()},
                                                               header.metadata, "fuzz");
  const Header again = lrpp::safetensors::parse_header(written + std::string(data), "fuzz");
  LRPP_ASSERT(again.metadata == header.metadata, "metadata changed");
  LRPP_ASSERT(again.tensors.size() == header.tensors.size(), "the number of tensors changed");
  for (const auto& [name, entry] : header.tensors) {
    const Entry& other = again.tensors.at(name);
    LRPP_ASSERT(other.dtype == entry.dtype && other.shape == entry.shape && other.begin == entry.begin &&
                    other.end == entry.end,
                "'{}' changed", name);
  }
}

void parse(std::string_view file) {
  Header header;
  try {
    header = lrpp::safetensors::parse_header(file, "fuzz");
  } catch (const lrpp::UserError&) {
    return;
  }
  check(header, file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  parse(input);
  // The length in front is hard to hit by chance, so the input is also read as header text, NUL, data.
  const std::size_t nul = input.find('\0');
  const std::string_view text = input.substr(0, nul);
  std::string file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(text.size() >> (8 * i) & 0xFF));
  file += text;
  if (nul != std::string_view::npos) file += input.substr(nul + 1);
  parse(file);
  return 0;
}
