#include <lrpp/cli/builtins.h>
#include <lrpp/cli/progress.h>
#include <lrpp/cli/request.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/plugin.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

constexpr uint64_t max_text_bytes = uint64_t{1} << 28;

void read_text(const Request& request, Prepared& prepared) {
  if (request.text) {
    prepared.text = *request.text;
  } else {
    prepared.text = read_file(request.text_file, max_text_bytes, "text file");
    // The line end of a text file is the file's, not the text's.
    while (!prepared.text.empty() && (prepared.text.back() == '\n' || prepared.text.back() == '\r')) {
      prepared.text.pop_back();
    }
  }
  require(!prepared.text.empty(), "text", "a text to explain must not be empty");
  require(prepared.tokenizer.has_value(), "text",
          "'{}' has no tokenizer.json; give token ids with --input F.safetensors",
          prepared.model.directory.string());
  Encoding encoding = prepared.tokenizer->encode(prepared.text);
  if (encoding.truncated > 0) {
    const std::string warning = fmt::format(
        "lrpp: warning: tokenizer.json truncates: {} token(s) of the text were cut off and are not "
        "explained\n",
        encoding.truncated);
    std::fputs(warning.c_str(), stderr);
  }
  const bool any =
      std::find(encoding.special.begin(), encoding.special.end(), false) != encoding.special.end();
  require(any, "text", "the text holds no token that the model's tokenizer knows of (only white space?)");
  prepared.tensors.input_ids = at::tensor(encoding.ids, at::kLong).unsqueeze(0);
  prepared.encoding = std::move(encoding);
}

void read_tensors(const std::string& path, Prepared& prepared) {
  const SafetensorsFile file(path);
  const std::vector<std::string> known{"input_ids", "attention_mask", "target"};
  for (const auto& [name, info] : file.tensors()) {
    const bool earlier_output =
        name == "logits" || name == "contrast" || name == "relevance" || name == "relevance_token";
    require(earlier_output || std::find(known.begin(), known.end(), name) != known.end(),
            fmt::format("input {}", path), "this model reads no tensor '{}'; {}", name,
            list_known(name, known));
  }
  require(file.tensors().contains("input_ids"), fmt::format("input {}", path),
          "has no tensor 'input_ids' [B,T] int64");
  const auto get = [&](const char* name) {
    return file.tensors().contains(name) ? file.get(name).clone() : Tensor();
  };
  prepared.tensors = {get("input_ids"), get("attention_mask"), get("target")};
}

void check_one_input(const Request& request) {
  const int given = (request.text ? 1 : 0) + (request.text_file.empty() ? 0 : 1) +
                    (request.input.empty() ? 0 : 1) + (request.image.empty() ? 0 : 1);
  require(given == 1, "input", "give exactly one of --text, --text-file, --input and --image; got {}", given);
}

ExplainOptions explain_options(const Request& request, const Prepared& prepared) {
  ExplainOptions options;
  options.target = request.target;
  options.start = start_from_name(request.start);
  options.given_target = prepared.tensors.target;
  options.lookup = [&prepared](std::string_view word) { return prepared.find_label(word); };
  return options;
}

}  // namespace

void add_request_options(CLI::App& command, Request& request) {
  const CLI::Validator not_empty([](std::string& value) { return value.empty() ? "must not be empty" : ""; },
                                 "");
  command
      .add_option("MODEL", request.model, "directory with config.json, model.safetensors and tokenizer.json")
      ->required();
  command.add_option("--text", request.text, "the text to explain")->group("Input (one of)");
  command.add_option("--text-file", request.text_file, "a UTF-8 file that holds it")
      ->check(not_empty)
      ->group("Input (one of)");
  command
      .add_option("--input", request.input,
                  "a .safetensors file with input_ids [B,T], and attention_mask, target [B] "
                  "where they are used")
      ->check(not_empty)
      ->group("Input (one of)");
  command.add_option("--image", request.image, "an image, for models that see")
      ->check(not_empty)
      ->group("Input (one of)");
  command
      .add_option("--rules", request.rules,
                  "a composite's name, or a rules file F.json (default: the model family's)")
      ->check(not_empty);
  command
      .add_option("--target", request.target, "what is explained: argmax, input, an index, a label, or A-B")
      ->capture_default_str();
  command.add_option("--position", request.position, "at which token: last, first, or an index")
      ->capture_default_str();
  command.add_option("--start", request.start, "relevance put on the target: its logit, or one")
      ->capture_default_str();
  command.add_option("--dtype", request.dtype, "float32, float64 or bfloat16")->capture_default_str();
  command.add_option("--device", request.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--plugin", request.plugins, "a plugin library to load first; may be given again")
      ->take_all();
}

Registry make_registry(const std::vector<std::string>& plugins) {
  Registry registry = builtin_registry();
  for (const std::string& library : plugins) load_plugin(registry, library);
  return registry;
}

std::optional<int64_t> Prepared::find_label(std::string_view word) const {
  if (!model.labels.empty()) {
    const auto found = std::find(model.labels.begin(), model.labels.end(), word);
    if (found == model.labels.end()) return std::nullopt;
    return found - model.labels.begin();
  }
  if (!tokenizer || word.empty()) return std::nullopt;
  if (const auto id = tokenizer->token_to_id(word)) return id;
  const Encoding encoding = tokenizer->encode(word, /*add_special_tokens=*/false);
  // A word that the vocabulary lacks is encoded as a special token for the unknown, which decodes to nothing.
  if (encoding.ids.size() == 1 && !tokenizer->decode(encoding.ids).empty()) return encoding.ids[0];
  return std::nullopt;
}

std::string Prepared::label(int64_t index) const {
  if (!model.labels.empty()) return model.labels.at(static_cast<size_t>(index));
  if (tokenizer && index < tokenizer->vocabulary_size()) return tokenizer->id_to_token(index);
  return std::to_string(index);
}

Prepared prepare(const Request& request, bool audit) {
  check_one_input(request);
  start_from_name(request.start);
  const LoadOptions load{dtype_from_name(request.dtype), device_from_name(request.device), false};
  const Registry registry = make_registry(request.plugins);
  Prepared prepared;
  if (!request.rules.empty())
    composite_from_argument(registry, request.rules);  // refused before a large load
  prepared.model = load_model(registry, request.model, load);
  require(request.image.empty(), "image", "model type '{}' reads text; use --text, --text-file or --input",
          prepared.model.model_type);
  const std::string rules = request.rules.empty() ? prepared.model.default_composite : request.rules;
  prepared.plan = make_plan(prepared.model.graph, composite_from_argument(registry, rules), audit);
  const std::filesystem::path tokenizer = prepared.model.directory / "tokenizer.json";
  if (std::filesystem::exists(tokenizer)) prepared.tokenizer = Tokenizer::from_file(tokenizer);
  if (request.input.empty()) {
    read_text(request, prepared);
  } else {
    read_tensors(request.input, prepared);
  }
  return prepared;
}

Attribution run(const Request& request, const Prepared& prepared, const Inputs& inputs) {
  ProgressBar bar;
  ExplainOptions options = explain_options(request, prepared);
  options.progress = [&](int64_t done, int64_t total) { bar.show(done, total); };
  return explain(prepared.plan, inputs, prepared.model.labels, options);
}

Json record(const Request& request, const Prepared& prepared) {
  Json json = provenance(prepared.model, prepared.plan, explain_options(request, prepared));
  json["position"] = request.position;
  return json;
}

}  // namespace lrpp::cli
