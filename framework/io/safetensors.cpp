#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/framework/io/safetensors_header.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <set>

namespace lrpp {
namespace {

using safetensors::Dtype;

static_assert(std::endian::native == std::endian::little, ".safetensors data is little-endian");

constexpr std::array<std::pair<Dtype, at::ScalarType>, 10> scalar_types{{{Dtype::F64, at::kDouble},
                                                                         {Dtype::F32, at::kFloat},
                                                                         {Dtype::F16, at::kHalf},
                                                                         {Dtype::BF16, at::kBFloat16},
                                                                         {Dtype::I64, at::kLong},
                                                                         {Dtype::I32, at::kInt},
                                                                         {Dtype::I16, at::kShort},
                                                                         {Dtype::I8, at::kChar},
                                                                         {Dtype::U8, at::kByte},
                                                                         {Dtype::BOOL, at::kBool}}};

at::ScalarType to_scalar_type(Dtype dtype) {
  for (const auto& [format, torch] : scalar_types) {
    if (format == dtype) return torch;
  }
  LRPP_ASSERT(false, "no ScalarType for {}", safetensors::dtype_name(dtype));
}

std::optional<Dtype> to_dtype(at::ScalarType type) {
  for (const auto& [format, torch] : scalar_types) {
    if (torch == type) return format;
  }
  return std::nullopt;
}

std::string where_of(const std::filesystem::path& path) {
  return fmt::format("safetensors {}", path.string());
}

template <class Map>
std::vector<std::string> keys(const Map& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

/// `tensor` as it will be written: on the CPU, dense, its values in order and no lazy sign.
at::Tensor prepare(const std::string& name, const at::Tensor& tensor, const std::string& where) {
  require(tensor.defined(), where, "tensor '{}' must be defined; it is not", name);
  require(to_dtype(tensor.scalar_type()).has_value(), where,
          "tensor '{}' must have a dtype that the format has; got {}. Convert it first", name,
          c10::toString(tensor.scalar_type()));
  require(tensor.layout() == at::kStrided, where,
          "tensor '{}' must be dense; it is sparse. Call to_dense() first", name);
  return tensor.detach().cpu().resolve_neg().contiguous();
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::filesystem::path path) : path_(std::move(path)) {
  file_ = std::make_shared<const MappedFile>(path_, "safetensors");
  safetensors::Header header = safetensors::parse_header(file_->bytes(), where_of(path_));
  data_begin_ = header.data_begin;
  metadata_ = std::move(header.metadata);
  for (auto& [name, entry] : header.tensors) {
    tensors_.emplace_hint(
        tensors_.end(), name,
        TensorInfo{to_scalar_type(entry.dtype), std::move(entry.shape), entry.begin, entry.end});
  }
}

at::Tensor SafetensorsFile::get(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    fail(where_of(path_), "there is no tensor '{}'; {}", name, list_known(name, keys(tensors_)));
  }
  const TensorInfo& info = found->second;
  const auto options = at::TensorOptions().dtype(info.dtype).device(at::kCPU);
  const std::string_view bytes = file_->bytes().substr(data_begin_ + info.begin, info.end - info.begin);
  if (bytes.empty()) return at::empty(info.shape, options);
  if (info.dtype == at::kBool) safetensors::check_bool_bytes(bytes, name, where_of(path_));
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % c10::elementSize(info.dtype) != 0) {
    at::Tensor copy = at::empty(info.shape, options);
    std::memcpy(copy.data_ptr(), bytes.data(), bytes.size());
    return copy;
  }
  return at::from_blob(
      const_cast<char*>(bytes.data()), info.shape, [keep = file_](void*) {}, options);
}

std::vector<std::string> Checkpoint::names() const { return keys(shard_of_); }

const SafetensorsFile& Checkpoint::shard(const std::string& name) const {
  const auto found = shard_of_.find(name);
  if (found == shard_of_.end()) {
    fail(fmt::format("checkpoint {}", directory_.string()), "there is no tensor '{}'; {}", name,
         list_known(name, names()));
  }
  return shards_.at(found->second);
}

const TensorInfo& Checkpoint::info(const std::string& name) const { return shard(name).tensors().at(name); }

at::Tensor Checkpoint::get(const std::string& name) const { return shard(name).get(name); }

void save_safetensors(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  const std::string where = where_of(path);
  std::vector<std::pair<std::string, at::Tensor>> ordered;
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    require(names.insert(name).second, where, "every tensor must have a name of its own; '{}' comes twice",
            name);
    ordered.emplace_back(name, prepare(name, tensor, where));
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  std::vector<std::pair<std::string, safetensors::Entry>> entries;
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : ordered) {
    const std::uint64_t begin = end;
    end += tensor.nbytes();
    entries.push_back({name, {*to_dtype(tensor.scalar_type()), tensor.sizes().vec(), begin, end}});
  }
  const std::string header = safetensors::format_header(entries, metadata, where);
  write_atomically(path, [&](std::ostream& stream) {
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const auto& [name, tensor] : ordered) {
      stream.write(static_cast<const char*>(tensor.const_data_ptr()),
                   static_cast<std::streamsize>(tensor.nbytes()));
    }
  });
}

}  // namespace lrpp
