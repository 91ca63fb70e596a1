#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp::safetensors {

/// The element types of the format that LibTorch computes with.
enum class Dtype { F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL };

/// "F64", "F32", ...
std::string_view dtype_name(Dtype dtype);
std::optional<Dtype> parse_dtype(std::string_view name);
/// Bytes of one element.
std::size_t dtype_size(Dtype dtype);

/// Where one tensor lies: bytes [begin, end) of the data section, which starts at `Header::data_begin`.
struct Entry {
  Dtype dtype = Dtype::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct Header {
  std::map<std::string, Entry> tensors;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;
};

/// Reads the header of a whole .safetensors file. All the format's rules are checked: sizes, keys and types,
/// byte counts against shapes, and that the tensors cover the data section without a gap or overlap. Throws
/// UserError headed by
/// "[`where`]" that names the tensor.
Header parse_header(std::string_view file_bytes, std::string_view where);

/// The inverse: length, JSON padded with spaces to a multiple of 8 bytes. `entries` in the order of their
/// data.
std::string format_header(const std::vector<std::pair<std::string, Entry>>& entries,
                          const std::map<std::string, std::string>& metadata, std::string_view where);

/// Throws UserError unless each byte is 0 or 1: any other value in a bool is undefined behaviour.
void check_bool_bytes(std::string_view data, std::string_view tensor, std::string_view where);

}  // namespace lrpp::safetensors
