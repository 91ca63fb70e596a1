#pragma once

#include <lrpp/framework/io/json.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lrpp::evaluation {

/// What has been measured, one JSON line for each example under each method, so that a run that was stopped
/// goes on where it was. The file is only ever appended to. Its first line is the fingerprint: of the model,
/// the data and the settings that the numbers belong to.
class StateFile {
 public:
  /// Opens the file, or begins it. A last line that was cut off is dropped, to be measured again. Throws
  /// UserError where it belongs to another fingerprint (saying which part differs), holds a line that is not
  /// its own, or an example twice; where another process has it open; and where it cannot be read or written.
  StateFile(std::filesystem::path path, const Json& fingerprint);
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile();

  /// The record of an example, null where it has not been measured. What it points to stays where it is.
  const Json* find(const std::string& method, int64_t example) const;
  /// Writes records, objects with `method` and `example`, that the file does not have; they are on the disk
  /// when it returns.
  void append(std::vector<Json> records);

 private:
  using Key = std::pair<std::string, int64_t>;

  void read(const Json& fingerprint);
  void check(const Json& found, const Json& fingerprint) const;
  void add(Json record, const std::string& where);
  void write(const std::string& lines);

  std::filesystem::path path_;
  std::string where_;
  int file_ = -1;
  std::map<Key, Json> records_;
};

}  // namespace lrpp::evaluation
