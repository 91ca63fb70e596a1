#pragma once

#include <ATen/core/Tensor.h>
#include <lrpp/framework/io/file.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lrpp {

/// A tensor as the file's header gives it; `begin` and `end` are byte offsets in the file's data section.
struct TensorInfo {
  at::ScalarType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

/// One .safetensors file, mapped into memory; the header is checked whole when the file is opened.
/// Every UserError is headed "[safetensors `path`]" and names the tensor.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A view on the mapped file, which lives as long as the tensor does; copied where the data is misaligned
  /// for its type. Read-only: clone it before any in-place operation, which would end the program. Throws
  /// UserError where the file has no such tensor, or a bool tensor holds bytes other than 0 and 1.
  at::Tensor get(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> file_;
  std::uint64_t data_begin_ = 0;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// The weights of a model directory: `model.safetensors`, or the shards that `model.safetensors.index.json`
/// lists.
class Checkpoint {
 public:
  /// Opens and checks every file. Throws UserError where neither file is there, or where index and shards
  /// disagree.
  static Checkpoint open(const std::filesystem::path& model_directory);

  /// All tensors, sorted by name.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return shard_of_.count(name) != 0; }
  /// `info` and `get` throw UserError for a name that the checkpoint does not have.
  const TensorInfo& info(const std::string& name) const;
  /// As `SafetensorsFile::get`: a read-only view.
  at::Tensor get(const std::string& name) const;

 private:
  const SafetensorsFile& shard(const std::string& name) const;

  std::filesystem::path directory_;
  std::map<std::string, SafetensorsFile> shards_;
  std::map<std::string, std::string> shard_of_;
};

/// Writes tensors of any device and strides, atomically. Wide types come first, so that every tensor is
/// aligned; equally wide ones keep the given order. Throws UserError for a duplicate or reserved name, an
/// undefined tensor, and a dtype or layout that the format does not have.
void save_safetensors(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace lrpp
