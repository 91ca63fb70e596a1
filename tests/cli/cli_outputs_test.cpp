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

TEST_F(Cli, FiguresOfTexts) {
  const Result r = lrpp("explain " + model_ + " --text 'A warm & funny film.' --output " + path("f.svg") +
                        " --output " + path("f.png") + " --output " + path("f.pdf"));
  ASSERT_EQ(r.code, 0) << r.err;
  const std::string svg = slurp(path("f.svg"));
  EXPECT_NE(svg.find("sst2-mamba under mamba-lrp"), std::string::npos) << svg.substr(0, 400);
  EXPECT_NE(svg.find("A warm &amp; funny film.</title>"), std::string::npos) << svg.substr(0, 400);
  EXPECT_TRUE(slurp(path("f.png")).starts_with("\x89PNG"));
  EXPECT_TRUE(slurp(path("f.pdf")).starts_with("%PDF"));
}

TEST_F(Cli, FiguresShowOneExplanation) {
  const std::string text = "explain " + model_ + " --text 'A film.' --output " + path("refused.svg");
  expect_refused(text + " --target 0 --target 1", {"an SVG shows one target"});
  expect_refused(
      "explain " + zoo_ + "needle-mamba --text 'a b' --position all --output " + path("refused.pdf"),
      {"a PDF shows one position"});
  expect_refused("explain " + model_ + " --text 'A film.' --heat-map overlay --output " + path("refused.png"),
                 {"[heat-map]", "reads text"});
  expect_refused("explain " + zoo_ + "digits-cnn --image " + zoo_ + "digits-cnn/example-1.png --output " +
                     path("refused.svg"),
                 {"pixels", ".png"});
}

TEST_F(Cli, AMachineWithoutFontsIsToldSo) {
  write("none.conf", "<?xml version=\"1.0\"?><fontconfig></fontconfig>");
  ASSERT_EQ(::setenv("FONTCONFIG_FILE", path("none.conf").c_str(), 1), 0);
  expect_refused("explain " + model_ + " --text 'A film.' --output " + path("refused.svg"),
                 {"[figure]", "fonts-dejavu-core"});
  ::unsetenv("FONTCONFIG_FILE");
}

}  // namespace
}  // namespace lrpp
