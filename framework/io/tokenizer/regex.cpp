#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/regex.h>
#include <lrpp/framework/io/tokenizer/regex_dialect.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

namespace lrpp::tokenization {
namespace {

/// Steps of backtracking at one position. GPT-like patterns need a handful; `(a+)+b` doubles with each
/// letter.
constexpr uint32_t match_limit = 1'000'000;
constexpr uint32_t heap_limit_kib = 20'000;
constexpr size_t jit_stack_start = 32 * 1024, jit_stack_limit = 1024 * 1024;

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* pointer) const { release(pointer); }
};
template <class T, void (*release)(T*)>
using Handle = std::unique_ptr<T, Release<T, release>>;

using CodeHandle = Handle<pcre2_code, pcre2_code_free>;
using MatchContext = Handle<pcre2_match_context, pcre2_match_context_free>;
using CompileContext = Handle<pcre2_compile_context, pcre2_compile_context_free>;
using MatchData = Handle<pcre2_match_data, pcre2_match_data_free>;
using JitStack = Handle<pcre2_jit_stack, pcre2_jit_stack_free>;

pcre2_jit_stack* stack_of_this_thread(void*) {
  thread_local const JitStack stack(pcre2_jit_stack_create(jit_stack_start, jit_stack_limit, nullptr));
  return stack.get();
}

pcre2_match_data* match_data_of_this_thread() {
  thread_local const MatchData data(pcre2_match_data_create(1, nullptr));
  return data.get();
}

std::string error_text(int error) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

PCRE2_SPTR bytes_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Regex::Code {
  std::string where;
  CodeHandle code;
  MatchContext context;
};

Regex::Regex(std::string_view oniguruma, std::string where)
    : Regex(from_pcre2(pcre2_pattern(oniguruma, where), where)) {}

Regex Regex::from_pcre2(std::string_view pattern, std::string where) {
  const CompileContext compile(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(compile.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  size_t position = 0;
  CodeHandle code(pcre2_compile(bytes_of(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE,
                                &error, &position, compile.get()));
  require(code != nullptr, where,
          "a valid regular expression is required; `{}` came: {} (byte {}). Correct the pattern",
          pattern.substr(0, 200), error_text(error), position);
  // Without JIT support PCRE2 interprets the pattern: slower, the same matches.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  MatchContext context(pcre2_match_context_create(nullptr));
  LRPP_ASSERT(context != nullptr, "PCRE2 gave no match context");
  pcre2_set_match_limit(context.get(), match_limit);
  pcre2_set_heap_limit(context.get(), heap_limit_kib);
  pcre2_jit_stack_assign(context.get(), stack_of_this_thread, nullptr);
  Regex regex;
  regex.code_ = std::make_shared<const Code>(Code{std::move(where), std::move(code), std::move(context)});
  return regex;
}

std::optional<std::pair<size_t, size_t>> Regex::find(std::string_view text, size_t from) const {
  pcre2_match_data* data = match_data_of_this_thread();
  LRPP_ASSERT(data != nullptr, "PCRE2 gave no match data");
  const auto match = [&](uint32_t options) {
    return pcre2_match(code_->code.get(), bytes_of(text), text.size(), from, options, data,
                       code_->context.get());
  };
  int result = match(PCRE2_NO_UTF_CHECK);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT);
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  require(result >= 0, code_->where,
          "the pattern must match in reasonable time; PCRE2 gave up on a text of {} bytes: {}. Simplify the "
          "pattern",
          text.size(), error_text(result));
  const size_t* ends = pcre2_get_ovector_pointer(data);
  return std::pair(ends[0], std::max(ends[0], ends[1]));
}

}  // namespace lrpp::tokenization
