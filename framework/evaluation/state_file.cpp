#include <fcntl.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/state_file.h>
#include <lrpp/framework/io/file.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lrpp::evaluation {
namespace {

constexpr uint64_t max_bytes = uint64_t{1} << 33;
constexpr const char* format_key = "lrpp_evaluation";

}  // namespace

StateFile::StateFile(std::filesystem::path path, const Json& fingerprint)
    : path_(std::move(path)), where_(fmt::format("state {}", path_.string())) {
  file_ = open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  require(file_ >= 0, where_, "the file that keeps what has been measured must be writable; {}",
          std::strerror(errno));
  try {
    require(flock(file_, LOCK_EX | LOCK_NB) == 0, where_,
            "another lrpp is measuring into this file; wait for it, or take another --output");
    read(fingerprint);
  } catch (...) {
    close(file_);
    throw;
  }
}

StateFile::~StateFile() { close(file_); }

void StateFile::read(const Json& fingerprint) {
  std::string text = read_file(path_, max_bytes, "state");
  // What follows the last line end was being written when a run was stopped.
  const size_t whole = text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1;
  if (whole < text.size()) {
    require(ftruncate(file_, static_cast<off_t>(whole)) == 0, where_,
            "a half-written line cannot be cut off; {}", std::strerror(errno));
    text.resize(whole);
  }
  if (text.empty()) {
    write(Json{{format_key, 1}, {"fingerprint", fingerprint}}.dump() + "\n");
    return;
  }
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const std::string where = fmt::format("{}, line {}", where_, ++number);
    Json line = parse_json(std::string_view(text).substr(begin, end - begin), where);
    begin = end + 1;
    if (number > 1) {
      add(std::move(line), where);
      continue;
    }
    require(line.is_object() && line.contains(format_key) && line.contains("fingerprint"), where_,
            "is no state of lrpp evaluate, and would be written to; take another --output, or move it away");
    check(line["fingerprint"], fingerprint);
  }
}

void StateFile::check(const Json& found, const Json& fingerprint) const {
  if (found == fingerprint) return;
  for (const auto& [key, value] : fingerprint.items()) {
    if (found.contains(key) && found[key] == value) continue;
    fail(where_,
         "holds what was measured under another '{}': {} then, {} now. Take the same again, another "
         "--output, or "
         "--restart to throw it away",
         key, found.contains(key) ? found[key].dump() : "nothing", value.dump());
  }
  fail(where_,
       "holds what was measured under other settings; take another --output, or --restart to throw it away");
}

void StateFile::add(Json record, const std::string& where) {
  const bool fits = record.is_object() && record.contains("method") && record["method"].is_string() &&
                    record.contains("example") && record["example"].is_number_integer();
  require(fits, where, "must be the record of an example; got {}. Begin anew with --restart",
          describe_value(record));
  Key key{record["method"].get<std::string>(), record["example"].get<int64_t>()};
  require(!records_.contains(key), where,
          "example {} was measured before under '{}'; begin anew with --restart", key.second, key.first);
  records_.emplace(std::move(key), std::move(record));
}

const Json* StateFile::find(const std::string& method, int64_t example) const {
  const auto found = records_.find({method, example});
  return found == records_.end() ? nullptr : &found->second;
}

void StateFile::append(std::vector<Json> records) {
  std::string lines;
  for (const Json& record : records)
    lines += record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (Json& record : records) add(std::move(record), where_);
  write(lines);
}

void StateFile::write(const std::string& lines) {
  size_t done = 0;
  while (done < lines.size()) {
    const ssize_t count = ::write(file_, lines.data() + done, lines.size() - done);
    if (count < 0 && errno == EINTR) continue;
    require(count > 0, where_, "what has been measured cannot be written (is the disk full?); {}",
            std::strerror(errno));
    done += static_cast<size_t>(count);
  }
  require(fdatasync(file_) == 0 || errno == EINVAL, where_, "what has been measured cannot be written; {}",
          std::strerror(errno));
}

}  // namespace lrpp::evaluation
