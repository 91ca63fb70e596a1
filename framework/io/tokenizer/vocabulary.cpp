#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/vocabulary.h>

namespace lrpp::tokenization {

void Vocabulary::add(const std::string& token, int64_t id, std::string_view where) {
  const auto [entry, is_new_token] = ids_.emplace(token, id);
  require(is_new_token, where, "tokens must be unique; `{}` came twice. Remove one", token);
  const auto [other, is_new_id] = tokens_.emplace(id, &entry->first);
  require(is_new_id, where, "ids must be unique; `{}` and `{}` both have {}. Correct the file",
          *other->second, token, id);
}

std::optional<int64_t> Vocabulary::find(std::string_view token) const {
  const auto it = ids_.find(token);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

const std::string* Vocabulary::token(int64_t id) const {
  const auto it = tokens_.find(id);
  return it == tokens_.end() ? nullptr : it->second;
}

Vocabulary read_vocabulary(const JsonObject& model) {
  const std::string where = model.at("vocab");
  const JsonObject entries(model.required("vocab"), where);
  Vocabulary vocabulary;
  for (auto it = entries.json().begin(); it != entries.json().end(); ++it) {
    as_string(nlohmann::json(it.key()), where);
    const auto& id = it.value();
    require(id.is_number_integer(), where, "every token needs an integer id; `{}` has {}. Correct the file",
            it.key(), describe(id));
    vocabulary.add(it.key(), as_id(id, where), where);
  }
  return vocabulary;
}

}  // namespace lrpp::tokenization
