// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "compile/backend/fpga/parts.h"
#include "compile/base/error.h"
#include "harness/build/build.h"
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
  std::string target;  ///< of a bitstream behind the simulation; empty: none
  bool fit = false;    ///< fold further until it fits there
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

/// An option of the table, read into its place in `options`.
void add_run_option(Command& command, const RunOption& option, FlowOptions& options) {
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
          "Part or board that a bitstream is made for behind rtl-top, as 'assay build' does")
      .type_name("NAME");
  command.add_flag("--fit", options.fit,
                   "Where the design does not fit the target, fold it further until it does");
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
void note_failure(const std::filesystem::path& out, const std::string& what,
                  const CommandContext& context) {
  const std::string why = what.substr(0, what.find('\n'));
  try {
    note_failed_simulation(RunDir(out), why);
  } catch (const std::exception&) {  // the disk is full
    std::error_code ignored;
    std::filesystem::remove(out / kRunReport, ignored);
  }
  if (!context.json)
    context.console.out << "\n"
                        << verdict_name(Verdict::kInconclusive) << ": the stages agree, but "
                        << kTopLevel << " was not simulated: " << why << "\n";
}

/// Every stage, and then the RTL. Prints the tables.
FlowResult run_once(const FlowOptions& options, double clock_mhz, const CommandContext& context) {
  FlowResult result = run_flow(options, context.console);
  if (!context.json) context.console.out << result.table;
  if (options.simulates && exit_code(result.verdict) == 0) try {
      VerifyTopResult top = simulate(options, clock_mhz, context.console);
      if (!context.json)
        context.console.out << '\n'
                            << top.table << warnings_text(result.report.warnings)
                            << unseen_text(result.report.unseen);
      result.report = read_sealed_run(options.out);
      result.report.rtl_top = std::move(top.report);
    } catch (const std::exception& error) {
      note_failure(options.out, error.what(), context);
      throw;
    }
  return result;
}

/// The bitstream of what was simulated.
void build_target(const RunCommand& options, const CommandContext& context) {
  BuildOptions build_options;
  build_options.dir = options.out;
  build_options.target = options.target;
  build_options.finished = options.finished;
  const BuildResult built = build(build_options, context.console);
  if (!context.json) context.console.out << '\n' << built.table;
}

/// Slower by what was short of the part, and at least a little.
void fold_further(RunCommand& options, const report::RtlTop& top, double times) {
  constexpr double kLeast = 1.05;
  std::int64_t interval = 1;
  for (const report::RtlTop::Partition& partition : top.partitions)
    interval = std::max(interval, partition.bottleneck.cycles);
  if (options.passes.device.empty()) interval = std::max(interval, options.passes.target_cycles);
  options.folding.device.clear();
  options.folding.device_share.reset();
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

/// Returns the exit code.
int run(RunCommand& options, double clock_mhz, const CommandContext& context) {
  FlowResult result = run_once(options, clock_mhz, context);
  Standstill still;
  while (!options.target.empty() && exit_code(result.report.verdict) == 0) try {
      build_target(options, context);
      report::Run registered = read_sealed_run(options.out);
      registered.rtl_top = std::move(result.report.rtl_top);
      result.report = std::move(registered);
      break;
    } catch (const DoesNotFitError& error) {
      still.look(result.report.rtl_top.value());
      if (!options.fit || still.over()) throw;
      fold_further(options, *result.report.rtl_top, still.factor(error.times));
      context.console.remark(fmt::format("--fit: {}; now {} cycles a frame", error.what(),
                                         options.passes.target_cycles));
      result = run_once(options, clock_mhz, context);
    }
  if (context.json) print_report(context, result.report);
  return exit_code(result.report.verdict);
}

/// Before hours are spent.
void check_target(const RunCommand& options) {
  if (!options.target.empty()) fpga::find_target(options.target);
  if (options.target.empty() && options.fit) user_error("--fit needs a --target to fit");
  if (!options.target.empty() && !options.simulates)
    user_error("--target is behind the simulation, and --until ends before it; give one of them");
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
      "  assay run model.onnx --target-fps 1000 --clock 100 --out out/model\n"
      "  assay run model.onnx --until cleanup --json --out out/model > run.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      options->finished = write_page;
      settle(*options);
      options->simulates = options->until.empty() || options->until == kTopLevel;
      if (options->simulates) options->until.clear();
      check_target(*options);
      return run(*options, options->folding.clock_mhz, context);
    };
  });
}

}  // namespace assay
