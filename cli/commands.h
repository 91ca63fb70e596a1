#pragma once

#include <CLI/CLI.hpp>

namespace lrpp::cli {

/// Exit codes, a contract with the programs that call this one.
enum ExitCode { done = 0, check_failed = 1, user_error = 2, internal_error = 3 };

/// Each adds one command to the program and, when it is the one that was asked for, leaves its exit code in
/// `exit_code`.
void add_explain(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_evaluate(CLI::App& app, int& exit_code);
void add_audit(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_tokenize(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_rules(CLI::App& app, int& exit_code);
void add_composites(CLI::App& app, int& exit_code);
void add_methods(CLI::App& app, int& exit_code);
void add_metrics(CLI::App& app, int& exit_code);
void add_canonizers(CLI::App& app, int& exit_code);
void add_ops(CLI::App& app, int& exit_code);

}  // namespace lrpp::cli
