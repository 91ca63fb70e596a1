#include <lrpp/cli/builtins.h>
#include <lrpp/cli/inputs.h>
#include <lrpp/cli/progress.h>
#include <lrpp/cli/request.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/io/byte_size.h>
#include <lrpp/framework/plugin.h>

#include <algorithm>

namespace lrpp::cli {
namespace {

void check_memory_options(const Request& request) {
  const Recompute recompute = recompute_from_name(request.recompute);
  require(bytes_from_word("memory", request.memory) == 0 || recompute == Recompute::automatic, "memory",
          "decides what is computed again, and --recompute {} has decided it; leave one of the two out",
          request.recompute);
}

}  // namespace

CLI::Validator not_empty() {
  return {[](std::string& value) { return value.empty() ? "must not be empty" : ""; }, ""};
}

void add_request_options(CLI::App& command, Request& request) {
  command
      .add_option("MODEL", request.model, "directory with config.json, model.safetensors and tokenizer.json")
      ->required();
  add_explain_options(command, request);
}

void add_explain_options(CLI::App& command, Request& request) {
  command.add_option("--text", request.text, "the text to explain")->group("Input (one of)");
  command.add_option("--text-file", request.text_file, "a UTF-8 file that holds it")
      ->check(not_empty())
      ->group("Input (one of)");
  command
      .add_option("--input", request.input,
                  "a .safetensors file with input_ids [B,T] (and attention_mask, token_type_ids) or "
                  "pixel_values [B,C,H,W], and target [B] where it is used")
      ->check(not_empty())
      ->group("Input (one of)");
  command.add_option("--image", request.images, "PNG or JPEG files, for models that see")
      ->check(not_empty())
      ->take_all()
      ->group("Input (one of)");
  command
      .add_option("--rules", request.rules,
                  "a composite's name, or a rules file F.json (default: the model family's)")
      ->check(not_empty());
  command
      .add_option("--target", request.targets,
                  "what is explained: argmax, input, an index, a label, or A-B; may be given again. "
                  "Or all: every class")
      ->allow_extra_args(false)  // what follows is no target, and [SEP] is no list
      ->take_all()
      ->default_str("argmax");
  command
      .add_option(
          "--position", request.position,

          "at which token, of models that read text: last, first, an index, several (0,5,last), or all")
      ->capture_default_str();
  command.add_option("--start", request.start, "relevance put on the target: its logit, or one")
      ->capture_default_str();
  add_computation_options(command, request.computation);
  command.add_option("--plugin", request.plugins, "a plugin library to load first; may be given again")
      ->take_all();
}

void add_memory_options(CLI::App& command, Request& request) {
  command
      .add_option("--recompute", request.recompute,
                  "what the walk reads of each layer is computed again, not kept: auto (where memory is "
                  "short), always "
                  "or never")
      ->capture_default_str();
  command.add_option("--memory", request.memory,
                     "how much memory to plan with, as 8GiB or 500MiB (default: what the device has free)");
}

void add_method_option(CLI::App& command, Request& request) {
  command
      .add_option("--method", request.method,
                  "in place of --rules: what explains, of `lrpp methods`; with parameters as "
                  "'smooth-grad(samples=50,noise=0.1)'")
      ->check(not_empty());
}

Registry make_registry(const std::vector<std::string>& plugins) {
  Registry registry = builtin_registry();
  for (const std::string& library : plugins) load_plugin(registry, library);
  return registry;
}

int64_t Prepared::examples() const {
  return model.image ? pixels.pixel_values.size(0) : tokens.input_ids.size(0);
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

Prepared prepare(const Request& request, Reads reads) {
  check_one_input(request);
  Prepared prepared = prepare_model(request, reads);
  read_inputs(request, prepared);
  return prepared;
}

Prepared prepare_model(const Request& request, Reads reads) {
  start_from_name(request.start);
  check_memory_options(request);
  const LoadOptions load = set_computation(request.computation);
  const Registry registry = make_registry(request.plugins);
  Prepared prepared;
  // What explains is refused before a large load.
  require(request.rules.empty() || request.method.empty(), "method",
          "--rules names a composite, and --method what explains, which may be one; give one of the two");
  if (!request.rules.empty()) composite_from_argument(registry, request.rules);
  if (!request.method.empty()) prepared.method = parse_method(registry, request.method);
  require(!prepared.method || (!reads.ledger && !reads.layers), "method",
          "the ledger and the relevance of layers are there for rules; use --rules, or leave them out");
  prepared.model = load_model(registry, request.model, load);
  check_targets(request.targets, prepared.model.labels, prepared.model.vocabulary_size);
  if (!prepared.method) {
    const std::string rules = request.rules.empty() ? prepared.model.default_composite : request.rules;
    Composite composite = composite_from_argument(registry, rules);
    prepared.method = prepared.composite = std::make_shared<const CompositeMethod>(std::move(composite));
    read_besides(prepared, reads);
  }
  if (!prepared.plan) require_serves(*prepared.method, prepared.model);
  const std::filesystem::path tokenizer = prepared.model.directory / "tokenizer.json";
  if (std::filesystem::exists(tokenizer)) prepared.tokenizer = Tokenizer::from_file(tokenizer);
  return prepared;
}

void read_besides(Prepared& prepared, Reads reads) {
  prepared.plan.reset();
  if (reads.ledger || reads.layers) {
    prepared.plan =
        make_plan(prepared.model.graph, prepared.composite->composite(), reads.ledger, reads.layers);
  }
}

ExplainOptions explain_options(const Request& request, const Prepared& prepared) {
  ExplainOptions options;
  options.targets = request.targets;
  options.start = start_from_name(request.start);
  options.memory = {recompute_from_name(request.recompute), bytes_from_word("memory", request.memory)};
  options.given_target = prepared.model.image ? prepared.pixels.target : prepared.tokens.target;
  options.lookup = [&prepared](std::string_view word) { return prepared.find_label(word); };
  return options;
}

Attribution run(const Request& request, const Prepared& prepared) {
  ProgressBar bar;
  ExplainOptions options = explain_options(request, prepared);
  options.progress = [&](int64_t done, int64_t total) { bar.show(done, total); };
  if (prepared.plan) return explain(*prepared.plan, prepared.inputs, prepared.model.labels, options);
  return prepared.method->explain(prepared.model, prepared.inputs, options);
}

Json record(const Request& request, const Prepared& prepared) {
  const ExplainOptions options = explain_options(request, prepared);
  Json json = prepared.plan ? provenance(prepared.model, *prepared.plan, options)
                            : prepared.method->record(prepared.model, options);
  if (prepared.inputs.contains("position")) json["position"] = request.position;
  add_flags(request.computation, json);
  if (!prepared.pictures.empty()) json["preprocessing"] = prepared.preprocessing;
  return json;
}

}  // namespace lrpp::cli
