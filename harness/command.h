// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "harness/console.h"
#include "harness/images.h"
#include "harness/json.h"
#include "harness/preprocess.h"

namespace assay {

/// What every command gets besides its own options.
struct CommandContext {
  const Console& console;
  bool json = false;  ///< one JSON object on console.out and nothing else
};

/// Runs a command whose options have been parsed; returns the exit code.
using CommandAction = std::function<int(const CommandContext&)>;

/// Each adds one subcommand with its options, help and examples to `app`; when it is the one that
/// was called, `action` is set after parsing.
void add_run_command(CLI::App& app, CommandAction& action);
void add_exec_command(CLI::App& app, CommandAction& action);
void add_accuracy_command(CLI::App& app, CommandAction& action);
void add_compare_command(CLI::App& app, CommandAction& action);
void add_bisect_command(CLI::App& app, CommandAction& action);
void add_verify_command(CLI::App& app, CommandAction& action);
void add_bench_command(CLI::App& app, CommandAction& action);
void add_regress_command(CLI::App& app, CommandAction& action);
void add_history_command(CLI::App& app, CommandAction& action);
void add_show_command(CLI::App& app, CommandAction& action);
void add_explain_command(CLI::App& app, CommandAction& action);
void add_data_command(CLI::App& app, CommandAction& action);

/// --data and --images.
void add_image_options(CLI::App& command, ImageChoice& choice);
/// --against.
void add_against_option(CLI::App& command, std::filesystem::path& folder);
/// --preprocess, --mean and --std.
void add_preprocess_options(CLI::App& command, PreprocessChoice& choice);
/// The examples at the end of --help, one per line.
void add_examples(CLI::App& command, const std::string& lines);

/// Checks a report and writes it to `out`.
void print_report(const CommandContext& context, const Json& report);

}  // namespace assay
