#include <lrpp/cli/commands.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

namespace {

/// Unlike fmt::print, throws nothing where standard error itself cannot be written. Names of files and labels
/// are part of messages, and may hold what a terminal would run.
void complain(std::string_view message) {
  std::string shown;
  for (size_t begin = 0; begin <= message.size();) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    shown += lrpp::show_hidden(message.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  std::fputs(("lrpp: " + shown).c_str(), stderr);
}

/// `code`, unless standard output did not take what was printed (a full disk, a closed file).
int with_output_written(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  complain(
      "[output] standard output could not be written (is the disk full, or the output closed?); the report "
      "is not complete. Send it elsewhere");
  return lrpp::cli::user_error;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lrpp::cli;
  lrpp::keep_freed_memory();
  CLI::App app{"lrpp: layer-wise relevance propagation. Which inputs made this model say that?", "lrpp"};
  app.set_version_flag("--version",
                       fmt::format("lrpp {} (LibTorch {})", lrpp::version_string, TORCH_VERSION));
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a check did not hold, 2 the input is wrong, 3 an internal error.\n"
      "`lrpp COMMAND --help` describes a command.");
  int exit_code = done;
  add_explain(app, exit_code);
  add_audit(app, exit_code);
  add_bench(app, exit_code);
  add_compare(app, exit_code);
  add_evaluate(app, exit_code);
  add_tokenize(app, exit_code);
  add_models(app, exit_code);
  add_rules(app, exit_code);
  add_composites(app, exit_code);
  add_methods(app, exit_code);
  add_metrics(app, exit_code);
  add_canonizers(app, exit_code);
  add_ops(app, exit_code);
  try {
    app.parse(argc, argv);
    return with_output_written(exit_code);
  } catch (const CLI::ParseError& error) {
    return with_output_written(app.exit(error) == 0 ? done : user_error);
  } catch (const lrpp::UserError& error) {
    complain(error.what());
    return user_error;
  } catch (const std::bad_alloc&) {
    complain("out of memory; use a shorter input or a narrower dtype");
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return with_output_written(internal_error);
    // LibTorch's allocators have no exception of their own that says so.
    const std::string_view message = error.what();
    if (message.find("can't allocate memory") != message.npos ||
        message.find("out of memory") != message.npos) {
      complain("out of memory; use a shorter input or a narrower dtype");
      return internal_error;
    }
    complain(fmt::format("{}\nThis is a bug in lrpp; please report it with the command that led to it.",
                         error.what()));
  }
  return internal_error;
}
