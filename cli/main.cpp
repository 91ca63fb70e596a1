#include <lrpp/cli/commands.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

#include <cstdio>
#include <exception>
#include <new>

int main(int argc, char** argv) {
  using namespace lrpp::cli;
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
  add_tokenize(app, exit_code);
  add_models(app, exit_code);
  add_rules(app, exit_code);
  add_composites(app, exit_code);
  add_ops(app, exit_code);
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? done : user_error;
  } catch (const lrpp::UserError& error) {
    fmt::print(stderr, "lrpp: {}\n", error.what());
    return user_error;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "lrpp: out of memory; use a shorter input or a narrower dtype\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "lrpp: {}\nThis is a bug in lrpp; please report it with the command that led to it.\n",
               error.what());
  }
  return internal_error;
}
