#pragma once

#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/support/testing.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

namespace lrpp {

using namespace testing;
namespace fs = std::filesystem;

/// What a run of the program left behind.
struct Result {
  int code;
  std::string out, err;
};

inline std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Cli : public ::testing::Test {
 protected:
  /// Runs `lrpp ARGUMENTS` in a shell; quote as in one.
  Result lrpp(const std::string& arguments) {
    const fs::path out = folder_ / "stdout", err = folder_ / "stderr";
    const std::string command =
        "'" LRPP_PROGRAM "' " + arguments + " >'" + out.string() + "' 2>'" + err.string() + "' </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(out), slurp(err)};
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  /// Expects exit code 2, these words on standard error, and no output file.
  void expect_refused(const std::string& arguments, const std::vector<std::string>& parts) {
    SCOPED_TRACE(arguments);
    const fs::path output = folder_ / "refused.json";
    const Result r = lrpp(arguments + " --output '" + output.string() + "'");
    EXPECT_EQ(r.code, 2) << r.err;
    for (const std::string& part : parts)
      EXPECT_NE(r.err.find(part), std::string::npos) << r.err << "\nlacks: " << part;
    EXPECT_FALSE(fs::exists(output));
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      EXPECT_EQ(entry.path().filename().string().find("refused"), std::string::npos)
          << "left behind: " << entry.path();
    }
  }

  TemporaryFolder folder_;
  const std::string zoo_ = std::string(LRPP_SOURCE_DIR) + "/zoo/", model_ = zoo_ + "sst2-mamba";
  const std::string fixture_ = fixture("mamba-official/classifier").string();
};

}  // namespace lrpp
