// SPDX-License-Identifier: Apache-2.0
#include "harness/cli/cli.h"

#include <tbb/global_control.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "compile/base/similar.h"
#include "harness/cli/command.h"
#include "harness/report/schema.h"
#include "harness/report/sentence.h"
#include "harness/report/verdict.h"
#include "harness/run/identity.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

constexpr const char* kAbout =
    "Runs a quantised network through the graph stages of a hardware flow and checks, in exact\n"
    "arithmetic on real images, that every stage computes the same integers.";

constexpr const char* kExitCodes =
    "Exit codes: 0 EQUIVALENT or done, 1 DIFFERENT, 2 bad input or usage, 3 INCONCLUSIVE,\n"
    "4 a tool or Assay itself failed. 'assay COMMAND --help' shows options and examples.";

struct Settings {
  bool json = false;
  int jobs = 0;
};

void add_settings(Command app, Settings& settings) {
  app.add_flag("--json", settings.json,
               "Print one JSON object on standard output (docs/reports.md) and no progress");
  app.add_option("--jobs", settings.jobs,
                 "Threads, compilers and simulations at a time; default: one per processor")
      .in_range(1, 1024)
      .type_name("N");
}

int run_action(const CommandAction& action, const Settings& settings, const Console& console) {
  std::optional<tbb::global_control> limit;
  if (settings.jobs > 0)
    limit.emplace(tbb::global_control::max_allowed_parallelism,
                  static_cast<std::size_t>(settings.jobs));
  limit_processes(settings.jobs);
  const int code = action({console, settings.json});
  console.out.flush();
  if (!console.out) tool_error("cannot write to standard output");
  return code;
}

/// "\nno command is called 'rnu'; the nearest are 'run', ..": of the first argument that is
/// neither a command nor an option where it stands; empty when all are.
std::string suggestion(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
    const auto command = std::ranges::find(commands, argument, &CLI::App::get_name);
    std::vector<std::string> known;
    if (command != commands.end()) {
      at = *command;
    } else if (argument.starts_with("--")) {
      const std::string name = argument.substr(0, argument.find('='));
      if (at->get_option_no_throw(name)) continue;
      for (const CLI::Option* option : at->get_options())
        for (const std::string& other : option->get_lnames()) known.push_back("--" + other);
      return fmt::format("\nno option of '{}' is called '{}'; the nearest are {}",
                         at == &app ? "assay" : "assay " + at->get_name(), printable(name),
                         similar_names(name, known));
    } else if (!commands.empty() && !argument.starts_with("-")) {
      for (const CLI::App* other : commands) known.push_back(other->get_name());
      return fmt::format("\nno command is called '{}'; the nearest are {}", printable(argument),
                         similar_names(argument, known));
    }
  }
  return "";
}

/// Messages for people go to `err`, help to `out`.
int report_parse_result(const CLI::App& app, const CLI::ParseError& error,
                        const std::vector<std::string>& arguments, std::ostream& out,
                        std::ostream& err) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(error, out, err);
    return 0;
  }
  err << "assay: error: " << sentence(error.what()) << suggestion(app, arguments) << "\n"
      << "Run 'assay --help' or 'assay COMMAND --help'.\n";
  return kExitBadInput;
}

}  // namespace

void add_image_options(Command& command, ImageChoice& choice) {
  command
      .add_option(
          "--data", choice.data,
          "Images: a CIFAR-10 or MNIST folder, a folder of PNG or JPEG files per class, or\n"
          "arrays (N, ...) in .npy or .npz, of integers or, where the network starts with a\n"
          "quantiser, floats (docs/data.md); default: made-up images, on which accuracy means\n"
          "nothing")
      .type_name("PATH");
  command
      .add_option("--images", choice.images,
                  "The first N images, or those from A up to, but not including, B")
      .type_name("N|A:B");
}

void add_against_option(Command& command, std::filesystem::path& folder) {
  command
      .add_option(
          "--against", folder,
          "Also compare with what PyTorch, say, recorded on the images of --data: a folder\n"
          "of .npy files, one per activation quantiser, and logits.npy (docs/import.md)")
      .type_name("FOLDER");
}

void add_preprocess_options(Command& command, PreprocessChoice& choice) {
  command
      .add_option("--preprocess", choice.kind,
                  "How pixels become the network's input: totensor (divide by 255), normalize\n"
                  "(then subtract the mean and divide by the deviation), none, an ONNX file, or\n"
                  "quantiser (images are what the network's own input quantiser takes or makes);\n"
                  "auto: quantiser where bytes would not do, else totensor")
      .type_name("auto|totensor|normalize|none|quantiser|FILE.onnx")
      .capture_default_str();
  command
      .add_option("--mean", choice.mean,
                  "Means per channel for normalize; default: CIFAR-10's 0.4914,0.4822,0.4465")
      .delimiter(',')
      .type_name("M,...");
  command
      .add_option("--std", choice.std,
                  "Deviations per channel for normalize; default: 0.2470,0.2435,0.2616")
      .delimiter(',')
      .type_name("S,...");
}

void add_examples(Command& command, const std::string& lines) {
  command.footer("Examples:\n" + lines);
}

void print_report(const CommandContext& context, const AnyRecord& report) {
  context.console.out << json_text(checked_report(to_json(report)));
}

int run_command_line(const std::vector<std::string>& arguments, std::ostream& out,
                     std::ostream& err, bool terminal) {
  CLI::App app(kAbout, "assay");
  Settings settings;
  CommandAction action;
  app.footer(kExitCodes);
  app.require_subcommand(1);
  app.set_version_flag("--version", assay_version());
  Command root(&app);
  for (const auto add :
       {add_run_command, add_exec_command, add_accuracy_command, add_compare_command,
        add_bisect_command, add_verify_command, add_build_command, add_weights_command,
        add_host_command, add_flash_command, add_bench_command, add_regress_command,
        add_history_command, add_selftest_command, add_show_command, add_inspect_command,
        add_lint_command, add_explain_command, add_data_command})
    add(root, action);
  for (CLI::App* command : app.get_subcommands({})) {
    const auto nested = command->get_subcommands({});
    for (CLI::App* leaf : nested) add_settings(Command(leaf), settings);
    if (nested.empty()) add_settings(Command(command), settings);
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);  // CLI11 takes them last first
    const Console console{out, err, terminal, settings.json};
    return run_action(action, settings, console);
  } catch (const CLI::ParseError& error) {
    return report_parse_result(app, error, arguments, out, err);
  } catch (const UserError& error) {
    err << "assay: error: " << error.what() << "\n";
    return kExitBadInput;
  } catch (const NotEquivalentError& error) {
    err << "assay: error: " << error.what() << "\n";
    return exit_code(Verdict::kInconclusive);
  } catch (const std::exception& error) {
    err << "assay: failure: " << error.what() << "\n";
    return kExitFailure;
  }
}

}  // namespace assay
