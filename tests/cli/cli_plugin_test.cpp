#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

TEST_F(Cli, PluginsOfOtherVersionsAreRefused) {
  const std::string text = "explain " + model_ + " --text 'a fine film' --plugin ";
  expect_refused(text + "'" LRPP_OLD_PLUGIN "'",
                 {"[plugin", "was built with lrpp 0.0.9; this is lrpp", "Build it again"});
  expect_refused(text + "'" LRPP_OTHER_TORCH_PLUGIN "'",
                 {"[plugin", "was built with LibTorch 1.13.1; this is LibTorch", "Build it again"});
}

TEST_F(Cli, WhatIsNoPluginIsRefused) {
  const std::string text = "explain " + model_ + " --text 'a fine film' --plugin ";
  expect_refused(text + "'" LRPP_NO_PLUGIN "'", {"is no lrpp plugin", "LRPP_PLUGIN"});
  // A library of another version may not even load: then too the message says what to do.
  expect_refused(text + "'" LRPP_UNRESOLVED_PLUGIN "'",
                 {"cannot be loaded", "lrpp_function_of_another_version", "build it again"});
  write("text.so", "not a library");
  expect_refused(text + path("text.so"), {"text.so", "cannot be loaded"});
  expect_refused(text + "'" + folder_.path().string() + "'", {"cannot be loaded"});
}

}  // namespace
}  // namespace lrpp
