// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/error.h"
#include "harness/bits/serial_netlist.h"
#include "harness/board/flash.h"
#include "harness/board/host.h"
#include "harness/cli/command.h"

namespace assay {
namespace {

constexpr double kSimulatedPatience = 60, kMostPatience = 86400;
constexpr std::uint64_t kWakeSeed = 1;

void add_host_options(Command& command, HostOptions& options, std::string& target,
                      std::optional<double>& patience) {
  command.add_option("DIR", options.dir, "Folder of a finished run").required();
  const Option port =
      command.add_option("--port", options.port, "Serial port of the board").type_name("FILE");
  command
      .add_option("--simulate", options.simulated,
                  "No board: the accelerator in its shell is simulated behind a pseudo-terminal; "
                  "rtl, in Verilator; netlist or bitstream, what `assay build` made for --target")
      .one_of({"rtl", "netlist", "bitstream"})
      .excludes(port);
  command.add_option("--target", target, "The board, as 'assay build' calls it").type_name("BOARD");
  add_image_options(command, options.images);
  command.add_option("--baud", options.baud, "Rate of the serial port")
      .positive()
      .capture_default_str()
      .type_name("N");
  command
      .add_option(
          "--timeout", patience,
          "Seconds without a word from the board after which something got lost; default: 2, "
          "of a simulation 60, of what was built 3600")
      .positive()
      .type_name("S");
  command
      .add_option("--cache", options.cache,
                  "Folder of built models; default: the user's, $XDG_CACHE_HOME/assay/models or "
                  "~/.cache/assay/models")
      .type_name("FOLDER");
}

void choose_simulator(HostOptions& options, const std::string& target) {
  const std::string& what = options.simulated;
  const std::optional<BitsLevel> built = find_bits_level(what);
  if (built && target.empty())
    user_error("--simulate {} needs --target, the board that the design was built for", what);
  if (!built && !target.empty()) user_error("--target belongs to --simulate netlist and bitstream");
  if (what == "rtl") {
    options.simulator = simulate_rtl;
    options.patience = kSimulatedPatience;
  } else if (built) {
    options.simulator = simulate_built(target, *built, kWakeSeed);
    options.patience = kBuiltPatience;
  }
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
  const auto target = std::make_shared<std::string>();
  const auto patience = std::make_shared<std::optional<double>>();
  Command command = app.add_subcommand(
      "host", "Stream images through a board and compare every result with golden");
  add_host_options(command, *options, *target, *patience);
  add_examples(command,
               "  assay host out/model --port /dev/ttyUSB0 --data mnist\n"
               "  assay host out/model --port /dev/ttyUSB1 --baud 1000000 --images 1000\n"
               "  assay host out/model --simulate rtl --images 3\n"
               "  assay host out/model --simulate bitstream --target icebreaker --images 3");
  command.callback([options, target, patience, &action] {
    action = [options, target, patience](const CommandContext& context) {
      if (options->port.empty() && options->simulated.empty())
        user_error("give the board's --port, or --simulate rtl");
      choose_simulator(*options, *target);
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
      context.console.err << flash(*options, context.console);
      return 0;
    };
  });
}

}  // namespace assay
