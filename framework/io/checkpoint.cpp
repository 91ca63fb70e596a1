#include <lrpp/framework/error.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/safetensors.h>

#include <system_error>

namespace lrpp {
namespace {

namespace fs = std::filesystem;

constexpr const char* single_name = "model.safetensors";
constexpr const char* index_name = "model.safetensors.index.json";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// What to do where a directory has no weights that can be read.
std::string advice(const fs::path& directory) {
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"}) {
    if (is_there(directory / other))
      return fmt::format("It has {}: convert that to safetensors first", other);
  }
  return "Give the directory of a model in the Hugging Face layout";
}

/// Which shard holds each tensor, from the index file. Shards are plain file names in the same directory.
std::map<std::string, std::string> read_index(const fs::path& path, const std::string& where) {
  const Json index = read_json(path);
  require(index.is_object(), where, "an object is required; got {}", describe_value(index));
  const auto found = index.find("weight_map");
  require(found != index.end(), where, "the key 'weight_map' is required; it is missing");
  require(found->is_object(), where, "'weight_map' must be an object; got {}", describe_value(*found));
  require(!found->empty(), where, "'weight_map' must name the model's tensors; it is empty");
  std::map<std::string, std::string> shard_of;
  for (const auto& item : found->items()) {
    if (!item.value().is_string()) {
      fail(where, "tensor '{}' must have a file name in 'weight_map'; got {}", item.key(),
           describe_value(item.value()));
    }
    const auto& shard = item.value().get_ref<const std::string&>();
    if (shard.empty() || shard == "." || shard == ".." || shard.find_first_of("/\\") != std::string::npos) {
      fail(where, "tensor '{}' must lie in a file of the same directory; 'weight_map' has {}", item.key(),
           describe_value(item.value()));
    }
    shard_of.emplace(item.key(), shard);
  }
  return shard_of;
}

}  // namespace

Checkpoint Checkpoint::open(const fs::path& model_directory) {
  const std::string where = fmt::format("checkpoint {}", model_directory.string());
  std::error_code error;
  require(is_there(model_directory), where,
          "a model directory is required; it does not exist. Check the path");
  require(fs::is_directory(model_directory, error), where,
          "a model directory is required; this is a file. Give the directory that it lies in");
  Checkpoint checkpoint;
  checkpoint.directory_ = model_directory;
  const fs::path single = model_directory / single_name;
  if (is_there(single)) {
    const SafetensorsFile& file =
        checkpoint.shards_.emplace(single_name, SafetensorsFile(single)).first->second;
    for (const auto& [name, info] : file.tensors()) checkpoint.shard_of_.emplace(name, single_name);
    return checkpoint;
  }
  const fs::path index = model_directory / index_name;
  if (!is_there(index)) {
    fail(where, "{} or {} is required; the directory has neither. {}", single_name, index_name,
         advice(model_directory));
  }
  const std::string index_where = fmt::format("safetensors {}", index.string());
  checkpoint.shard_of_ = read_index(index, index_where);
  for (const auto& [name, shard] : checkpoint.shard_of_) {
    auto opened = checkpoint.shards_.find(shard);
    if (opened == checkpoint.shards_.end()) {
      require(
          is_there(model_directory / shard), index_where,
          "every shard must be there; '{}', which holds tensor '{}', is missing. Download the model again",
          shard, name);
      opened = checkpoint.shards_.emplace(shard, SafetensorsFile(model_directory / shard)).first;
    }
    require(opened->second.tensors().count(name) != 0, index_where,
            "tensor '{}' must be in '{}', as 'weight_map' says; it is not", name, shard);
  }
  for (const auto& [shard, file] : checkpoint.shards_) {
    for (const auto& [name, info] : file.tensors()) {
      const auto listed = checkpoint.shard_of_.find(name);
      require(listed != checkpoint.shard_of_.end(), index_where,
              "'weight_map' must list every tensor; '{}' of '{}' is not listed", name, shard);
      require(listed->second == shard, index_where,
              "tensor '{}' must be in one shard; it is in '{}' and in '{}'", name, listed->second, shard);
    }
  }
  return checkpoint;
}

}  // namespace lrpp
