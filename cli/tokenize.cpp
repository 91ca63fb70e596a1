#include <lrpp/cli/commands.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <cstdio>
#include <filesystem>

namespace lrpp::cli {
namespace {

void tokenize_command(const std::string& model, const std::string& text) {
  const Tokenizer tokenizer = Tokenizer::from_file(std::filesystem::path(model) / "tokenizer.json");
  const Encoding encoding = tokenizer.encode(text);
  Json offsets = Json::array();
  for (const auto& [begin, end] : encoding.offsets) offsets.push_back({begin, end});
  const Json json = {{"ids", encoding.ids}, {"tokens", encoding.tokens}, {"offsets", offsets}};
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void add_tokenize(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "tokenize", "print {\"ids\", \"tokens\", \"offsets\"} of a text as JSON; offsets count characters");
  struct Options {
    std::string model, text;
  };
  const auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "directory with tokenizer.json")->required();
  command->add_option("--text", options->text, "the text")->required();
  command->callback([&exit_code, options] {
    tokenize_command(options->model, options->text);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
