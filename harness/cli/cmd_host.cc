// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/error.h"
#include "harness/board/flash.h"
#include "harness/board/host.h"
#include "harness/cli/command.h"

namespace assay {
namespace {

constexpr double kSimulatedPatience = 60, kMostPatience = 86400;

void add_host_options(Command& command, HostOptions& options, std::optional<double>& patience) {
  command.add_option("DIR", options.dir, "Folder of a finished run").required();
  const Option port =
      command.add_option("--port", options.port, "Serial port of the board").type_name("FILE");
  command
      .add_option("--simulate", options.simulated,
                  "No board: the shell around the accelerator is simulated behind a "
                  "pseudo-terminal; rtl, in Verilator")
      .one_of({"rtl"})
      .excludes(port);
  add_image_options(command, options.images);
  command.add_option("--baud", options.baud, "Rate of the serial port")
      .positive()
      .capture_default_str()
      .type_name("N");
  command
      .add_option(
          "--timeout", patience,
          "Seconds without a word from the board after which something got lost; default: 2, "
          "of a simulation 60")
      .positive()
      .type_name("S");
  command
      .add_option("--cache", options.cache,
                  "Folder of built models; default: the user's, $XDG_CACHE_HOME/assay/models or "
                  "~/.cache/assay/models")
      .type_name("FOLDER");
}

int run_host(const HostOptions& options, const CommandContext& context) {
  const HostResult result = host(options, context.console);
  if (context.json)
    print_report(context, result.report);
  else
    context.console.out << result.table;
  return exit_code(result.report.verdict);
}

}  // namespace

void add_host_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<HostOptions>();
  const auto patience = std::make_shared<std::optional<double>>();
  Command command = app.add_subcommand(
      "host", "Stream images through a board and compare every result with golden");
  add_host_options(command, *options, *patience);
  add_examples(command,
               "  assay host out/model --port /dev/ttyUSB0 --data mnist\n"
               "  assay host out/model --port /dev/ttyUSB1 --baud 1000000 --images 1000\n"
               "  assay host out/model --simulate rtl --images 3");
  command.callback([options, patience, &action] {
    action = [options, patience](const CommandContext& context) {
      if (options->port.empty() && options->simulated.empty())
        user_error("give the board's --port, or --simulate rtl");
      if (!options->simulated.empty()) {
        options->simulator = simulate_rtl;
        options->patience = kSimulatedPatience;
      }
      options->patience = patience->value_or(options->patience);
      if (!(options->patience <= kMostPatience))
        user_error("--timeout: more than {} s is no time-out", kMostPatience);
      return run_host(*options, context);
    };
  });
}

void add_flash_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<FlashOptions>();
  Command command =
      app.add_subcommand("flash", "Write a run's bitstream into a board with openFPGALoader");
  command.add_option("DIR", options->dir, "Folder of a finished run").required();
  command.add_option("--target", options->target, "The board, as 'assay build' calls it")
      .required()
      .type_name("BOARD");
  add_examples(command, "  assay flash out/model --target icebreaker");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      context.console.err << flash(*options);
      return 0;
    };
  });
}

}  // namespace assay
