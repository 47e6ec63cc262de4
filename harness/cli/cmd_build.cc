// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "harness/bits/verify_bits.h"
#include "harness/build/build.h"
#include "harness/build/vivado_build.h"
#include "harness/build/vivado_collect.h"
#include "harness/build/vivado_report.h"
#include "harness/cli/command.h"
#include "harness/page/page.h"

namespace assay {

namespace {

constexpr std::int64_t kMostSeeds = 1000, kLargestSeed = std::int64_t{1} << 30;

void add_build_options(Command& command, BuildOptions& options) {
  command.add_option("DIR", options.dir, "Folder of a finished run").required();
  command
      .add_option("--target", options.target,
                  "Part or board, such as ice40-hx8k, ecp5-25, icebreaker or ulx3s-85; xc7z020 and "
                  "others of AMD's 7 series are only synthesised; Pynq-Z1, ZCU104 and others get a "
                  "project for Vivado")
      .required()
      .type_name("NAME");
  command.add_option("--seed", options.seed, "Seed of the placement")
      .in_range(std::int64_t{0}, kLargestSeed)
      .capture_default_str()
      .type_name("S");
  command
      .add_option("--seeds", options.seeds,
                  "Try so many placements, from --seed on, and keep the fastest")
      .in_range(std::int64_t{1}, kMostSeeds)
      .capture_default_str()
      .type_name("N");
  command
      .add_option(
          "--clock", options.clock_mhz,
          "Clock that placement aims at; default: the board's, at most 50 without Vivado, of a "
          "part 50")
      .type_name("MHZ");
  command
      .add_option("--baud", options.baud,
                  "Rate of a board's serial line, which 'assay host' is told too; default: 115200")
      .positive()
      .type_name("N");
  command.add_flag(
      "--dsp", options.dsp,
      "All products may go into DSP blocks, not only those that the folding put there");
  command
      .add_option("--collect", options.collect,
                  "Take back what build.sh of a project for Vivado left in its folder results, and "
                  "simulate the netlist among it")
      .type_name("FOLDER");
}

/// Whether there is a netlist after implementation, which can be simulated.
bool has_netlist(const report::Vivado& report) {
  const std::string name = fmt::format("build/{}/{}", report.board, kCollectedNetlist);
  return report.results &&
         std::ranges::find(*report.results, name, &report::File::file) != report.results->end();
}

VivadoResult build_or_collect(const BuildOptions& options, const Console& console) {
  VivadoResult result = options.collect.empty() ? build_with_vivado(options, console)
                                                : collect_vivado(options, console);
  if (!has_netlist(result.report)) return result;
  VerifyBitsOptions verify;
  verify.dir = options.dir;
  verify.target = options.target;
  verify.finished = options.finished;
  verify_bits(verify, console);
  report::Vivado report = read_vivado_report(options.dir, *vivado_board(options.target));
  std::string table = vivado_table(report);
  return {std::move(report), std::move(table)};
}

int run_vivado(const BuildOptions& options, const CommandContext& context) {
  const VivadoResult result = build_or_collect(options, context.console);
  if (context.json)
    print_report(context, result.report);
  else
    context.console.out << result.table;
  return exit_code(result.report.verdict);
}

int run_build(const BuildOptions& options, const CommandContext& context) {
  if (vivado_board(options.target) || !options.collect.empty()) return run_vivado(options, context);
  const BuildResult result = build(options, context.console);
  if (context.json)
    print_report(context, result.report);
  else
    context.console.out << result.table;
  return 0;
}

}  // namespace

void add_build_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<BuildOptions>();
  Command command = app.add_subcommand(
      "build",
      "Make a bitstream of a run's accelerator with the open FPGA tools, or a project for "
      "Vivado");
  add_build_options(command, *options);
  add_examples(command,
               "  assay build out/model --target ice40-hx8k\n"
               "  assay build out/model --target ecp5-25 --seeds 8 --clock 80\n"
               "  assay build out/model --target icebreaker --baud 1000000\n"
               "  assay build out/model --target xc7z020\n"
               "  assay build out/model --target Pynq-Z1 --clock 125\n"
               "  assay build out/model --target Pynq-Z1 --collect results\n"
               "  assay build out/model --target ulx3s-85 --json > build.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      options->finished = write_page;
      return run_build(*options, context);
    };
  });
}

}  // namespace assay
