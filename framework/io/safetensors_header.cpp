#include <fmt/ranges.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/safetensors_header.h>

#include <algorithm>
#include <array>
#include <limits>

namespace lrpp::safetensors {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the limit of the format's own reader
constexpr std::size_t max_dimensions = 64;               // LibTorch's operators take no more
constexpr std::string_view metadata_key = "__metadata__";

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<DtypeRow, 10> dtypes{{{Dtype::F64, "F64", 8},
                                           {Dtype::F32, "F32", 4},
                                           {Dtype::F16, "F16", 2},
                                           {Dtype::BF16, "BF16", 2},
                                           {Dtype::I64, "I64", 8},
                                           {Dtype::I32, "I32", 4},
                                           {Dtype::I16, "I16", 2},
                                           {Dtype::I8, "I8", 1},
                                           {Dtype::U8, "U8", 1},
                                           {Dtype::BOOL, "BOOL", 1}}};

const DtypeRow& row(Dtype dtype) {
  return *std::find_if(dtypes.begin(), dtypes.end(), [&](const DtypeRow& r) { return r.dtype == dtype; });
}

/// A name for a message: it may be long.
std::string shown(std::string_view name) {
  return name.size() <= 200 ? std::string(name) : std::string(name.substr(0, 200)) + "...";
}

/// Reads one tensor's entry; messages name the tensor.
class EntryReader {
 public:
  EntryReader(const std::string& name, std::string_view where) : name_(name), where_(where) {}

  Entry read(const Json& value, std::uint64_t data_bytes) const {
    if (!value.is_object())
      bad("must be an object with dtype, shape and data_offsets; got {}", describe_value(value));
    const Json* dtype = nullptr;
    const Json* shape = nullptr;
    const Json* offsets = nullptr;
    for (const auto& item : value.items()) {
      if (item.key() == "dtype") {
        dtype = &item.value();
      } else if (item.key() == "shape") {
        shape = &item.value();
      } else if (item.key() == "data_offsets") {
        offsets = &item.value();
      } else {
        bad("has the unknown key '{}'; known: dtype, shape, data_offsets", shown(item.key()));
      }
    }
    for (const auto& [key, found] :
         {std::pair{"dtype", dtype}, {"shape", shape}, {"data_offsets", offsets}}) {
      if (found == nullptr) bad("must have the key '{}', which is missing", key);
    }
    Entry entry;
    entry.dtype = read_dtype(*dtype);
    if (!shape->is_array()) bad("must have an array as shape; got {}", describe_value(*shape));
    if (shape->size() > max_dimensions)
      bad("may have at most {} dimensions; got {}", max_dimensions, shape->size());
    for (const Json& size : *shape) {
      entry.shape.push_back(static_cast<std::int64_t>(natural(size, "shape")));
    }
    if (!offsets->is_array() || offsets->size() != 2) {
      bad("must have two numbers as data_offsets; got {}", describe_value(*offsets));
    }
    entry.begin = natural((*offsets)[0], "data_offsets");
    entry.end = natural((*offsets)[1], "data_offsets");
    check_extent(entry, data_bytes);
    return entry;
  }

  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> message, Args&&... args) const {
    fail(where_, "tensor '{}' {}", shown(name_), fmt::format(message, std::forward<Args>(args)...));
  }

 private:
  Dtype read_dtype(const Json& value) const {
    if (!value.is_string()) bad("must have a string as dtype; got {}", describe_value(value));
    const auto dtype = parse_dtype(value.get_ref<const std::string&>());
    if (!dtype) {
      std::string known;
      for (const DtypeRow& r : dtypes) known += fmt::format("{}{}", known.empty() ? "" : ", ", r.name);
      bad("must have one of the dtypes {}; got {}", known, describe_value(value));
    }
    return *dtype;
  }

  std::uint64_t natural(const Json& value, std::string_view key) const {
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    // nlohmann stores every integer literal without a sign as unsigned, and every one beyond 64 bits as a
    // float.
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest) {
      bad("must have integers from 0 to {} in {}; got {}", largest, key, describe_value(value));
    }
    return value.get<std::uint64_t>();
  }

  void check_extent(const Entry& entry, std::uint64_t data_bytes) const {
    if (entry.begin > entry.end) {
      bad("must begin before it ends; data_offsets are [{}, {}]", entry.begin, entry.end);
    }
    if (entry.end > data_bytes) {
      bad("must lie within the {} bytes of data; data_offsets are [{}, {}]. The file may be cut short: copy "
          "it again",
          data_bytes, entry.begin, entry.end);
    }
    // Strides count an empty dimension as one, and must not overflow either.
    std::uint64_t elements = 1, strides = dtype_size(entry.dtype);
    for (const std::int64_t size : entry.shape) {
      const auto count = static_cast<std::uint64_t>(size);
      elements *= count;  // cannot overflow: it never exceeds `strides`
      if (__builtin_mul_overflow(strides, std::max<std::uint64_t>(count, 1), &strides) ||
          strides > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        bad("has a shape that is too large: its bytes do not fit in 63 bits; shape is [{}]",
            format_shape(entry));
      }
    }
    const std::uint64_t bytes = elements * dtype_size(entry.dtype);
    if (bytes != entry.end - entry.begin) {
      bad("must have {} bytes, as shape [{}] of {} says; data_offsets [{}, {}] give {}", bytes,
          format_shape(entry), dtype_name(entry.dtype), entry.begin, entry.end, entry.end - entry.begin);
    }
  }

  static std::string format_shape(const Entry& entry) {
    return fmt::format("{}", fmt::join(entry.shape, ", "));
  }

  const std::string& name_;
  std::string_view where_;
};

std::map<std::string, std::string> read_metadata(const Json& value, std::string_view where) {
  require(value.is_object(), where, "{} must be an object; got {}", metadata_key, describe_value(value));
  std::map<std::string, std::string> metadata;
  for (const auto& item : value.items()) {
    if (!item.value().is_string()) {
      fail(where, "{} must hold strings; '{}' is {}", metadata_key, shown(item.key()),
           describe_value(item.value()));
    }
    metadata.emplace(item.key(), item.value().get<std::string>());
  }
  return metadata;
}

/// The tensors must tile the data section.
void check_cover(const std::map<std::string, Entry>& tensors, std::uint64_t data_bytes,
                 std::string_view where) {
  std::vector<std::pair<const std::string*, const Entry*>> order;
  for (const auto& [name, entry] : tensors) order.emplace_back(&name, &entry);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
  });
  std::uint64_t covered = 0;
  const std::string* previous = nullptr;
  for (const auto& [name, entry] : order) {
    if (entry->begin < covered) {
      fail(where, "tensors must not overlap; '{}' begins at byte {}, before '{}' ends at {}", shown(*name),
           entry->begin, shown(*previous), covered);
    }
    if (entry->begin > covered) {
      fail(where, "tensors must cover the data without holes; bytes {} to {}, before '{}', belong to none",
           covered, entry->begin, shown(*name));
    }
    covered = entry->end;
    previous = name;
  }
  if (covered != data_bytes) {
    fail(where, "tensors must cover the data whole; the last one{} ends at byte {} of {}",
         previous == nullptr ? "" : ", '" + shown(*previous) + "',", covered, data_bytes);
  }
}

}  // namespace

std::string_view dtype_name(Dtype dtype) { return row(dtype).name; }

std::optional<Dtype> parse_dtype(std::string_view name) {
  for (const DtypeRow& r : dtypes) {
    if (r.name == name) return r.dtype;
  }
  return std::nullopt;
}

std::size_t dtype_size(Dtype dtype) { return row(dtype).size; }

Header parse_header(std::string_view file_bytes, std::string_view where) {
  require(
      file_bytes.size() >= length_bytes, where,
      "a .safetensors file has at least 8 bytes; this has {}. It may be empty or cut short: copy it again",
      file_bytes.size());
  std::uint64_t header_bytes = 0;
  for (std::size_t i = length_bytes; i-- > 0;) {
    header_bytes = header_bytes << 8 | static_cast<unsigned char>(file_bytes[i]);
  }
  require(header_bytes <= max_header_bytes, where,
          "the header may have at most {} bytes; the first 8 bytes of the file say {}. Is this a "
          ".safetensors file?",
          max_header_bytes, header_bytes);
  const std::uint64_t rest = file_bytes.size() - length_bytes;
  require(header_bytes <= rest, where,
          "the header has {} bytes, as the first 8 bytes of the file say; only {} follow. The file may be "
          "cut short: copy "
          "it again",
          header_bytes, rest);
  const std::string_view text = file_bytes.substr(length_bytes, header_bytes);
  require(text.starts_with('{'), where, "the header must be a JSON object, beginning with '{{'; it does not");

  const Json json = parse_json(text, where);
  Header header;
  header.data_begin = length_bytes + header_bytes;
  const std::uint64_t data_bytes = rest - header_bytes;
  for (const auto& item : json.items()) {
    if (item.key() == metadata_key) {
      header.metadata = read_metadata(item.value(), where);
    } else {
      header.tensors.emplace(item.key(), EntryReader(item.key(), where).read(item.value(), data_bytes));
    }
  }
  check_cover(header.tensors, data_bytes, where);
  return header;
}

std::string format_header(const std::vector<std::pair<std::string, Entry>>& entries,
                          const std::map<std::string, std::string>& metadata, std::string_view where) {
  Json json = Json::object();
  if (!metadata.empty()) {
    Json strings = Json::object();
    for (const auto& [key, value] : metadata) append_member(strings, key, value);
    append_member(json, std::string(metadata_key), std::move(strings));
  }
  for (const auto& [name, entry] : entries) {
    require(name != metadata_key, where, "tensor '{}' must have another name: this one is reserved", name);
    Json fields = Json::object();
    append_member(fields, "dtype", dtype_name(entry.dtype));
    append_member(fields, "shape", entry.shape);
    append_member(fields, "data_offsets", {entry.begin, entry.end});
    append_member(json, name, std::move(fields));
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const Json::type_error& error) {
    fail(where, "names and metadata must be valid UTF-8; the writer says: {}", error.what());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  require(text.size() <= max_header_bytes, where, "names and metadata may have at most {} bytes; got {}",
          max_header_bytes, text.size());
  std::string bytes;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 0xFF));
  }
  return bytes + text;
}

void check_bool_bytes(std::string_view data, std::string_view tensor, std::string_view where) {
  const auto bad = std::find_if(data.begin(), data.end(), [](char c) { return c != 0 && c != 1; });
  if (bad != data.end()) {
    fail(where, "tensor '{}' must hold bytes 0 and 1, since it is BOOL; byte {} is {}", shown(tensor),
         bad - data.begin(), static_cast<int>(static_cast<unsigned char>(*bad)));
  }
}

}  // namespace lrpp::safetensors
