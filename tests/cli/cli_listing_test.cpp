#include <lrpp/tests/cli/cli_test_support.h>

namespace lrpp {
namespace {

TEST_F(Cli, ListingsAsPages) {
  for (const auto& [command, parts] : std::map<std::string, std::vector<std::string>>{
           {"rules",
            {"# Rules\n", "\n## `epsilon`\n", "\n- from: Bach et al. 2015, eq. 58\n- conserves: yes\n",
             "\n| parameter | type | default |\n| --- | --- | --- |\n| `epsilon` | number | `1e-06` |\n"}},
           {"composites", {"# Composites\n", "\n## `attn-lrp`\n", "| `variant` | string | `\"lxt\"` |\n"}},
           {"methods", {"# Methods\n", "\n## `occlusion`\n"}},
           {"metrics", {"# Metrics\n", "\n## `flipping`\n"}},
           {"models",
            {"# Models\n", "| name | what | explained by |\n| --- | --- | --- |\n", "\n| `mamba` | "}},
           {"canonizers",
            {"# Canonizers\n", "| name | what |\n| --- | --- |\n", "\n| `merge-batch-norm` | "}},
           {"ops",
            {"# Ops\n", "| name | what | kind |\n", "\n| `add` | the sum of two values | wiring |\n"}}}) {
    SCOPED_TRACE(command);
    const Result page = lrpp(command + " --format markdown");
    EXPECT_EQ(page.code, 0) << page.err;
    for (const std::string& part : parts)
      EXPECT_NE(page.out.find(part), std::string::npos) << part << "\n" << page.out;
    const Result text = lrpp(command), asked = lrpp(command + " --format text");
    EXPECT_EQ(text.out, asked.out);
    EXPECT_EQ(lrpp(command + " --json").out, lrpp(command + " --format json").out);
    const Json json = parse_json(lrpp(command + " --format json").out, "stdout");
    for (const Json& item : json) {
      const std::string name = "`" + item["name"].get<std::string>() + "`";
      EXPECT_NE(page.out.find(name), std::string::npos) << name;
    }
  }
}

TEST_F(Cli, PagesShowTextAsItIs) {
  const Result r = lrpp("rules --format markdown --plugin '" LRPP_LEAKY_PLUGIN "'");
  EXPECT_NE(r.out.find("\n## `leaky`\nloses a hundredth: R\\_in \\< R\\_out.\n"), std::string::npos) << r.out;
}

TEST_F(Cli, FormatsThatAListingHasNot) {
  write("r.json", R"({"extends": "lrp-0"})");
  for (const auto& [arguments, part] : std::map<std::string, std::string>{
           {"rules --format html", "html"},
           {"rules --format text --json", "--json"},
           {"composites " + path("r.json") + " --format markdown", "[format] markdown is for"},
           {"composites lrp-0 " + model_ + " --format markdown", "[format] markdown is for"}}) {
    const Result bad = lrpp(arguments);
    EXPECT_EQ(bad.code, 2) << arguments << bad.out;
    EXPECT_NE(bad.err.find(part), std::string::npos) << bad.err;
    EXPECT_EQ(bad.out, "");
  }
}

}  // namespace
}  // namespace lrpp
