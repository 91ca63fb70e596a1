#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace lrpp {

/// The bytes of a file (or pipe) of at most `max_bytes`. Throws UserError where it is missing, unreadable, a
/// directory, or larger. Messages are headed "[`kind` `path`]".
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes,
                      std::string_view kind = "file");

/// A regular file mapped into memory, read-only: writing to it ends the program. The file must not be
/// truncated while it is mapped. Throws UserError where it is missing, unreadable, or not a regular file.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path, std::string_view kind = "file");
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Writes a file whole or not at all: to a temporary name in the same folder, which is renamed once
/// everything has reached the disk. If `write` throws, or anything fails, the temporary is removed and an old
/// file stays as it was. A symbolic link is followed; a device or pipe (/dev/stdout) is written to directly.
/// Throws UserError where the folder is missing or not writable, the path is a directory, or the disk is
/// full.
void write_atomically(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws UserError where `write_atomically` could not write the file, by trying all but the last step: a
/// temporary is made in the folder and removed. An old file stays as it is, and a new one is not begun.
void check_writable(const std::filesystem::path& path);

}  // namespace lrpp
