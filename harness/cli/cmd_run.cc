// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"
#include "harness/bits/verify_bits.h"
#include "harness/build/build.h"
#include "harness/build/place_route.h"
#include "harness/check/run_table.h"
#include "harness/cli/command.h"
#include "harness/flow/flow.h"
#include "harness/page/page.h"
#include "harness/rtl/verify_top.h"
#include "harness/run/ledger.h"

namespace assay {

namespace {

constexpr std::string_view kTopLevel = "rtl-top";  ///< what comes behind the stages

struct RunCommand : FlowOptions {
  std::string target;       ///< of what is built behind the simulation; empty: nothing
  bool fit = false;         ///< fold further until it fits there
  std::optional<int> baud;  ///< of its serial line, where it is a board
};

template <typename T>
void add_bounds(const RunOption& option, const T&, Option& added) {
  if constexpr (std::is_floating_point_v<T>) {
    added.positive();
  } else if constexpr (std::is_integral_v<T>) {
    if (option.most == RunOption::kUnbounded)
      added.positive();
    else
      added.in_range(option.least, option.most);
  }
}
template <typename T>
void add_bounds(const RunOption& option, const std::optional<T>&, Option& added) {
  add_bounds(option, T{}, added);
}

}  // namespace

void add_run_option(Command& command, const RunOption& option, RunChoice& options) {
  const auto add = [&](auto* value) {
    using T = std::remove_pointer_t<decltype(value)>;
    if constexpr (std::is_same_v<T, bool>) {
      command.add_flag(option.flag(), *value, option.help);
    } else {
      Option added = command.add_option(option.flag(), *value, option.help);
      added.type_name(std::string(option.unit));
      if constexpr (std::is_arithmetic_v<T>) {
        if (*value != 0) added.capture_default_str();
      }
      add_bounds(option, *value, added);
    }
  };
  std::visit(add, option.slot(options));
}

namespace {

void add_flow_options(Command& command, RunCommand& options) {
  command.add_option("MODEL", options.model, "Network: a QONNX, QCDQ or plain ONNX file")
      .required();
  add_against_option(command, options.against);
  add_image_options(command, options.images);
  add_preprocess_options(command, options.preprocess);
  for (const RunOption& option : run_options()) add_run_option(command, option, options);
  command
      .add_option("--until", options.until,
                  "Last stage, such as cleanup or fifos; default: all of them, and then "
                  "rtl-top, the simulation of the whole accelerator")
      .type_name("STAGE");
  command.add_flag(
      "--replace", options.replace,
      "DIR may hold a run of another model, or of images that were replaced where they lie");
  command
      .add_option(
          "--target", options.target,
          "Part or board that netlist and bitstream are made for behind rtl-top, as 'assay build' "
          "does; both are verified")
      .type_name("NAME");
  command.add_flag("--fit", options.fit,
                   "Where the design does not fit the target, fold it further until it does");
  command
      .add_option("--baud", options.baud,
                  "Rate of the serial line of a --target that is a board; default: 115200")
      .positive()
      .type_name("N");
  command
      .add_option("--out", options.out,
                  "Folder for stages, reports and log; a killed run goes on there")
      .required()
      .type_name("DIR");
}

/// The last step: the stitched RTL of what the stages have built, which settles the run's verdict.
VerifyTopResult simulate(const FlowOptions& options, double clock_mhz, const Console& console) {
  VerifyTopOptions top;
  top.dir = options.out;
  top.clock_mhz = clock_mhz;
  top.finished = options.finished;
  return verify_top(top, console);
}

/// Leaves a run that says why it was not simulated, or if that cannot be written none.
void note_failure(const std::filesystem::path& out, std::string_view level, const std::string& what,
                  const CommandContext& context) {
  const std::string why = what.substr(0, what.find('\n'));
  try {
    note_unreached_levels(RunDir(out), why);
  } catch (const std::exception&) {  // the disk is full
    std::error_code ignored;
    std::filesystem::remove(out / kRunReport, ignored);
  }
  if (!context.json)
    context.console.out << "\n"
                        << verdict_name(Verdict::kInconclusive) << ": the stages agree, but "
                        << level << " was not verified: " << why << "\n";
}

/// Every stage, and then the RTL. Prints the tables.
FlowResult run_once(const FlowOptions& options, double clock_mhz, const CommandContext& context) {
  FlowResult result = run_flow(options, context.console);
  if (!context.json) context.console.out << result.table;
  if (!options.levels.empty() && exit_code(result.verdict) == 0) try {
      VerifyTopResult top = simulate(options, clock_mhz, context.console);
      if (!context.json)
        context.console.out << '\n'
                            << top.table << warnings_text(result.report.warnings)
                            << unseen_text(result.report.unseen);
      result.report = read_sealed_run(options.out);
      result.report.rtl_top = std::move(top.report);
    } catch (const std::exception& error) {
      note_failure(options.out, kTopLevel, error.what(), context);
      throw;
    }
  return result;
}

BuildResult build_target(const RunCommand& options, bool netlist_only,
                         const CommandContext& context) {
  BuildOptions build_options;
  build_options.dir = options.out;
  build_options.target = options.target;
  build_options.netlist_only = netlist_only;
  build_options.baud = options.baud;
  build_options.finished = options.finished;
  return build(build_options, context.console);
}

/// Whether it holds.
bool verify_target(const RunCommand& options, BitsLevel level, const CommandContext& context) {
  VerifyBitsOptions bits;
  bits.dir = options.out;
  bits.level = level;
  bits.target = options.target;
  bits.finished = options.finished;
  const VerifyBitsResult result = verify_bits(bits, context.console);
  if (!context.json) context.console.out << result.table;
  return exit_code(result.report.verdict) == 0;
}

/// What is built of the design that was simulated, each level verified before the next one is made.
void run_target(const RunCommand& options, const CommandContext& context) {
  bool holds = true;
  for (const report::RunLevel& level : options.levels) {
    const std::optional<BitsLevel> bits = find_bits_level(level.level);
    if (!bits) continue;
    if (!holds) {
      note_failure(options.out, level.name(), "the level before it does not hold", context);
      return;
    }
    try {
      const bool last = &level == &options.levels.back();
      const BuildResult built = build_target(options, !last, context);
      if (last && !context.json) context.console.out << '\n' << built.table;
      holds = verify_target(options, *bits, context);
    } catch (const DoesNotFitError&) {
      throw;  // and perhaps folded further
    } catch (const std::exception& error) {
      note_failure(options.out, level.name(), error.what(), context);
      throw;
    }
  }
}

/// Slower by what was short of the part, and at least a little.
void fold_further(RunCommand& options, const report::RtlTop& top, double times) {
  constexpr double kLeast = 1.05;
  std::int64_t interval = 1;
  for (const report::RtlTop::Partition& partition : top.partitions)
    interval = std::max(interval, partition.bottleneck.cycles);
  const PassOptions& passes = options.passes;
  interval =
      std::max(interval, passes.device.empty() ? passes.target_cycles : passes.device_cycles);
  options.folding.target_fps.reset();
  options.folding.target_cycles =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(interval) * std::max(times, kLeast)));
  settle(options);
}

/// How often the hardware stayed the same although it was to be folded further.
class Standstill {
 public:
  bool over() const { return same_ > kPatience; }
  /// By how much to fold further, of what was short.
  double factor(double times) const { return same_ == 0 ? times : 2 * times; }
  void look(const report::RtlTop& top) {
    same_ = top.head.rtl.sha256 == rtl_ ? same_ + 1 : 0;
    rtl_ = top.head.rtl.sha256;
  }

 private:
  static constexpr int kPatience = 4;
  std::string rtl_;
  int same_ = 0;
};

/// Whether what is to be built was found EQUIVALENT.
bool is_simulated(const report::Run& run) {
  return exit_code(run.stages_verdict()) == 0 && exit_code(run.levels.front().verdict) == 0;
}

/// Returns the exit code.
int run(RunCommand& options, double clock_mhz, const CommandContext& context) {
  FlowResult result = run_once(options, clock_mhz, context);
  Standstill still;
  while (!options.target.empty() && is_simulated(result.report)) try {
      run_target(options, context);
      report::Run registered = read_sealed_run(options.out);
      registered.rtl_top = std::move(result.report.rtl_top);
      result.report = std::move(registered);
      break;
    } catch (const DoesNotFitError& error) {
      still.look(result.report.rtl_top.value());
      if (!options.fit || still.over()) {
        note_failure(options.out, options.levels.back().name(), error.what(), context);
        throw;
      }
      fold_further(options, *result.report.rtl_top, still.factor(error.times));
      context.console.remark(fmt::format("--fit: {}; now {} cycles a frame", error.what(),
                                         options.passes.target_cycles));
      result = run_once(options, clock_mhz, context);
    }
  if (context.json)
    print_report(context, result.report);
  else
    context.console.out << levels_text(result.report);
  return exit_code(result.report.verdict);
}

/// What comes behind the stages.
std::vector<report::RunLevel> levels_behind(const RunCommand& options) {
  std::vector<report::RunLevel> levels;
  const auto add = [&](std::string_view name, const std::string& target) {
    report::RunLevel& level = levels.emplace_back();
    level.level = name;
    if (!target.empty()) level.target = target;
    level.reason = "it has not been reached";
  };
  add(kTopLevel, "");
  if (options.target.empty()) return levels;
  const fpga::Target target = fpga::find_target(options.target);
  add(bits_level_name(BitsLevel::kNetlist), target.name);
  if (target.part->has_bitstreams()) add(bits_level_name(BitsLevel::kBitstream), target.name);
  return levels;
}

/// Before hours are spent.
void check_target(const RunCommand& options) {
  if (options.target.empty()) {
    if (options.fit) user_error("--fit needs a --target to fit");
    if (options.baud) user_error("--baud is the rate of a --target's serial line; give the board");
    return;
  }
  if (options.levels.empty())
    user_error("--target is behind the simulation, and --until ends before it; give one of them");
  const fpga::Target target = fpga::find_target(options.target);
  BuildOptions build;
  build.target = options.target;
  build.baud = options.baud;
  check_build_options(build);
  fpga::find_tool("yosys");
  place_route_tools(*target.part);
}

}  // namespace

void add_run_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<RunCommand>();
  Command command = app.add_subcommand(
      "run",
      "Build every stage of a network up to its RTL, execute each exactly on images and compare");
  add_flow_options(command, *options);
  add_examples(
      command,
      "  assay run model.onnx --out out/model\n"
      "  assay run model.onnx --data data/cifar-10-batches-bin --images 1000 --out out/model\n"
      "  assay run model.onnx --data cifar --preprocess normalize --topk 5 --out out/model\n"
      "  assay run model.onnx --data cifar --against recorded --out out/model\n"
      "  assay run model.onnx --device xc7z020 --out out/model\n"
      "  assay run model.onnx --device ice40hx8k --target ice40-hx8k --fit --out out/model\n"
      "  assay run model.onnx --device up5k --target icebreaker --baud 3000000 --out out/model\n"
      "  assay run model.onnx --target-fps 1000 --clock 100 --out out/model\n"
      "  assay run model.onnx --until cleanup --json --out out/model > run.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      options->finished = write_page;
      settle(*options);
      if (options->until == kTopLevel) options->until.clear();
      if (options->until.empty()) options->levels = levels_behind(*options);
      check_target(*options);
      return run(*options, options->folding.clock_mhz, context);
    };
  });
}

}  // namespace assay
