#include <fcntl.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <streambuf>
#include <system_error>
#include <vector>

namespace lrpp {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

/// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// Closes now and tells errno, 0 if all went well: some file systems report a full disk only here.
  int close() {
    const int fd = std::exchange(fd_, -1);
    return ::close(fd) == 0 ? 0 : errno;
  }

 private:
  int fd_;
};

/// Opens a file for reading; `status` is filled in.
Descriptor open_input(const fs::path& path, const std::string& where, struct stat& status) {
  require(!path.empty(), where, "a path is required; got an empty one");
  if (::stat(path.c_str(), &status) != 0) {
    const int error = errno;
    require(error != ENOENT, where, "the file does not exist. Check the path");
    fail(where, "the file must be readable; the system says: {}", reason(error));
  }
  require(!S_ISDIR(status.st_mode), where, "a file is required; this is a directory");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    fail(where, "the file must be readable; the system says: {}", reason(error));
  }
  return Descriptor(fd);
}

/// An output buffer on a file descriptor that remembers why it failed.
class OutputBuffer : public std::streambuf {
 public:
  explicit OutputBuffer(int fd) : fd_(fd), buffer_(std::size_t{1} << 16) { reset(); }
  int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(c);
      pbump(1);
    }
    return traits_type::not_eof(c);
  }

  std::streamsize xsputn(const char* data, std::streamsize count) override {
    if (count < epptr() - pptr()) return std::streambuf::xsputn(data, count);
    // Large blocks (tensors) go past the buffer.
    return sync() == 0 && write_all(data, static_cast<std::size_t>(count)) ? count : 0;
  }

  int sync() override {
    const bool done = write_all(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    reset();
    return done ? 0 : -1;
  }

 private:
  void reset() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

  bool write_all(const char* data, std::size_t count) {
    while (error_ == 0 && count > 0) {
      const ssize_t written = ::write(fd_, data, std::min(count, std::size_t{1} << 30));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        error_ = errno;
      } else {
        data += written;
        count -= static_cast<std::size_t>(written);
      }
    }
    return error_ == 0;
  }

  int fd_;
  int error_ = 0;
  std::vector<char> buffer_;
};

/// Runs `write` on the descriptor and checks that every byte was taken.
void write_stream(int fd, const std::string& where, const std::function<void(std::ostream&)>& write) {
  OutputBuffer buffer(fd);
  std::ostream stream(&buffer);
  write(stream);
  stream.flush();
  if (buffer.error() != 0)
    fail(where, "the file could not be written; the system says: {}", reason(buffer.error()));
  LRPP_ASSERT(stream.good(), "a writer left the stream of '{}' in a failed state", where);
}

/// Removes the file unless told that it is kept.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const fs::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

/// Where a chain of symbolic links ends, so that the links stay and their target is replaced; the target need
/// not exist.
fs::path through_links(fs::path path, const std::string& where) {
  constexpr int most_links = 40;  // as Linux follows
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(path, error)); ++links) {
    require(links < most_links, where,
            "an output file is required; its symbolic links lead nowhere. Remove them");
    const fs::path next = fs::read_symlink(path, error);
    if (error) fail(where, "its symbolic link must be readable; the system says: {}", error.message());
    path = path.parent_path() / next;  // an absolute `next` replaces the whole
  }
  return path;
}

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : "."; }

/// Creates a new file beside `target`: rename is atomic only within one file system.
std::pair<int, fs::path> create_beside(const fs::path& target, const std::string& where) {
  static std::atomic<unsigned> counter{0};
  const fs::path folder = folder_of(target);
  std::error_code ignored;
  require(fs::exists(folder, ignored), where, "its folder must exist; '{}' does not. Create it first",
          folder.string());
  require(fs::is_directory(folder, ignored), where, "its folder must be a directory; '{}' is none",
          folder.string());
  for (int attempt = 0; attempt < 100; ++attempt) {
    // A short name of its own: the target's may be as long as the file system allows.
    const fs::path path = folder / fmt::format(".lrpp-{}-{}.tmp", ::getpid(), counter++);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return {fd, path};
    const int error = errno;
    if (error != EEXIST) {
      fail(where, "its folder '{}' must be writable; the system says: {}. Give a path in another folder",
           folder.string(), reason(error));
    }
  }
  fail(where, "no temporary name is free in '{}'. Remove its .lrpp-*.tmp files", folder.string());
}

/// What an output path leads to, and what is there already.
struct Target {
  fs::path path;
  std::optional<struct stat> old;
};

Target find_target(const fs::path& path, const std::string& where) {
  require(!path.empty(), where, "an output path is required; got an empty one");
  require(path.has_filename(), where, "an output file is required; the path ends as a directory does");
  Target target{through_links(path, where), std::nullopt};
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  const int error = errno;
  if (exists) {
    target.old = old;
  } else if (error != ENOENT && error != ENOTDIR) {  // of which create_beside speaks
    fail(where, "the path must be one that a file can have; the system says: {}. Give another one",
         reason(error));
  }
  if (exists && S_ISDIR(old.st_mode)) fail(where, "an output file is required; this is a directory");
  return target;
}

/// In a folder like /tmp a file may be replaced by its owner and the folder's alone.
void check_sticky(const Target& target, const std::string& where) {
  const fs::path folder = folder_of(target.path);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || (status.st_mode & S_ISVTX) == 0) return;
  const uid_t me = ::geteuid();
  require(me == 0 || me == status.st_uid || me == target.old->st_uid, where,
          "the file must be yours to be replaced in '{}'; it is another user's. Give another path",
          folder.string());
}

void write_directly(const fs::path& path, const std::string& where,
                    const std::function<void(std::ostream&)>& write) {
  Descriptor output(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const int error = errno;
  if (output.get() < 0) fail(where, "the file must be writable; the system says: {}", reason(error));
  write_stream(output.get(), where, write);
}

}  // namespace

std::string read_file(const fs::path& path, std::uint64_t max_bytes, std::string_view kind) {
  const std::string where = fmt::format("{} {}", kind, path.string());
  struct stat status {};
  const Descriptor input = open_input(path, where, status);
  const auto too_large = [&](std::uint64_t size) {
    fail(where, "at most {} bytes are read; it holds {}{}", max_bytes,
         size > max_bytes + 1 ? "" : "at least ", size);
  };
  // The size of a pipe or of a file in /proc is not known: they say 0.
  const auto expected = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (expected > max_bytes) too_large(expected);
  std::string bytes;
  bytes.reserve(expected);
  std::vector<char> block(std::size_t{1} << 16);
  while (true) {
    const ssize_t count = ::read(input.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    const int error = errno;
    if (count < 0) fail(where, "the file must be readable; the system says: {}", reason(error));
    if (count == 0) return bytes;
    bytes.append(block.data(), static_cast<std::size_t>(count));
    if (bytes.size() > max_bytes) too_large(max_bytes + 1);
  }
}

MappedFile::MappedFile(const fs::path& path, std::string_view kind) {
  const std::string where = fmt::format("{} {}", kind, path.string());
  struct stat status {};
  const Descriptor input = open_input(path, where, status);
  require(S_ISREG(status.st_mode), where, "a regular file is required; this is a pipe or device");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, input.get(), 0);
  const int error = errno;
  if (address == MAP_FAILED)
    fail(where, "the file must be mappable into memory; the system says: {}", reason(error));
  data_ = static_cast<const char*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

void write_atomically(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  const std::string where = fmt::format("file {}", path.string());
  const auto [target, old] = find_target(path, where);
  if (old && !S_ISREG(old->st_mode)) return write_directly(path, where, write);

  auto [fd, name] = create_beside(target, where);
  Descriptor output(fd);
  Temporary temporary(std::move(name));
  // Failing to keep the old file's permissions is no reason to lose the result.
  if (old) [[maybe_unused]]
    const int kept = ::fchmod(output.get(), old->st_mode & 07777);
  write_stream(output.get(), where, write);
  if (::fsync(output.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    const int failure = errno;
    fail(where, "the file could not be written; the system says: {}", reason(failure));
  }
  if (const int failure = output.close(); failure != 0) {
    fail(where, "the file could not be written; the system says: {}", reason(failure));
  }
  if (::rename(temporary.path().c_str(), target.c_str()) != 0) {
    const int failure = errno;
    fail(where, "the finished file could not be given its name; the system says: {}", reason(failure));
  }
  temporary.keep();
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  write_atomically(path, [bytes](std::ostream& stream) {
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

void check_writable(const fs::path& path) {
  const std::string where = fmt::format("file {}", path.string());
  const Target target = find_target(path, where);
  if (target.old && !S_ISREG(target.old->st_mode)) {
    // A pipe is not opened: that would wait for its reader.
    const bool writable = ::access(path.c_str(), W_OK) == 0;
    const int error = errno;
    if (!writable) fail(where, "the file must be writable; the system says: {}", reason(error));
    return;
  }
  if (target.old) check_sticky(target, where);
  auto [fd, name] = create_beside(target.path, where);
  const Descriptor opened(fd);
  const Temporary removed(std::move(name));
}

}  // namespace lrpp
