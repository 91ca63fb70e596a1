// Outputs that cannot be written are refused before the work: here there is not even a model.
#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

const std::vector<std::string> commands{
    "explain no-model --text x", "audit no-model --text x",           "compare no-model none --text x",
    "bench no-model --tokens 8", "evaluate no-model --data none.tsv",
};

TEST_F(Cli, OutputsThatCannotBeWrittenAreRefusedBeforeTheWork) {
  struct Case {
    std::string path, why;
  };
  const std::vector<Case> cases{
      {"/proc/x.json", "No such file or directory"},
      {path(std::string(251, 'x') + ".json"), "File name too long"},
      {path("none/x.json"), "does not exist"},
  };
  for (const std::string& command : commands) {
    for (const Case& c : cases) {
      SCOPED_TRACE(command + " " + c.path);
      const Result r = lrpp(command + " --output " + path("good.json") + " --output " + c.path);
      EXPECT_EQ(r.code, 2) << r.err;
      EXPECT_NE(r.err.find(c.path), std::string::npos) << r.err;
      EXPECT_NE(r.err.find(c.why), std::string::npos) << r.err;
      EXPECT_FALSE(fs::exists(path("good.json")));
    }
  }
  size_t left = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    left += entry.path().filename() != "stdout" && entry.path().filename() != "stderr";
  EXPECT_EQ(left, 0u) << "files that were tried are gone again";
}

}  // namespace
}  // namespace lrpp
