// A program outside the project, against the installed library: which word made the model say so?
#include <lrpp/adapters/register.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/methods/register.h>
#include <lrpp/plugins/mamba/register.h>
#include <lrpp/rules/register.h>

#include <filesystem>

int main(int argc, char** argv) {
  try {
    lrpp::require(argc == 3, "consumer", "MODEL and TEXT are required; got {} arguments", argc - 1);
    lrpp::Registry registry;
    lrpp::register_framework(registry);
    lrpp::register_rules(registry);
    lrpp::register_methods(registry);
    lrpp::register_mamba(registry);
    lrpp::register_adapters(registry);

    const std::filesystem::path directory = argv[1];
    const lrpp::Model model = lrpp::load_model(registry, directory);
    const lrpp::Encoding words = lrpp::Tokenizer::from_file(directory / "tokenizer.json").encode(argv[2]);
    lrpp::TextInputs text;
    text.input_ids = at::tensor(words.ids, at::kLong).unsqueeze(0);
    const lrpp::Plan plan = lrpp::make_plan(model.graph, model.composite);
    const lrpp::Attribution result =
        lrpp::explain(plan, lrpp::prepare_text(model, text, "last"), model.labels);
    fmt::print("{}: {}\n", model.labels.at(result.target.target[0].item<int64_t>()),
               words.tokens.at(result.relevance_token[0].argmax().item<int64_t>()));
  } catch (const lrpp::UserError& error) {
    fmt::print(stderr, "consumer: {}\n", error.what());
    return 2;
  }
}
