// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "harness/cli/options.h"
#include "harness/flow/run_options.h"
#include "harness/report/console.h"
#include "harness/report/fields.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"

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
void add_run_command(Command& app, CommandAction& action);
void add_exec_command(Command& app, CommandAction& action);
void add_accuracy_command(Command& app, CommandAction& action);
void add_compare_command(Command& app, CommandAction& action);
void add_bisect_command(Command& app, CommandAction& action);
void add_verify_command(Command& app, CommandAction& action);
void add_weights_command(Command& app, CommandAction& action);
void add_build_command(Command& app, CommandAction& action);
void add_bench_command(Command& app, CommandAction& action);
void add_regress_command(Command& app, CommandAction& action);
void add_history_command(Command& app, CommandAction& action);
void add_show_command(Command& app, CommandAction& action);
void add_inspect_command(Command& app, CommandAction& action);
void add_explain_command(Command& app, CommandAction& action);
void add_lint_command(Command& app, CommandAction& action);
void add_data_command(Command& app, CommandAction& action);
void add_host_command(Command& app, CommandAction& action);
void add_flash_command(Command& app, CommandAction& action);
void add_selftest_command(Command& app, CommandAction& action);

/// --data and --images.
void add_image_options(Command& command, ImageChoice& choice);
/// --against.
void add_against_option(Command& command, std::filesystem::path& folder);
/// --preprocess, --mean and --std.
void add_preprocess_options(Command& command, PreprocessChoice& choice);
/// An option of the one table of what runs can be told.
void add_run_option(Command& command, const RunOption& option, RunChoice& options);
/// The examples at the end of --help, one per line.
void add_examples(Command& command, const std::string& lines);

/// Checks a report and writes it to `out`.
void print_report(const CommandContext& context, const AnyRecord& report);

}  // namespace assay
