// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include "compile/base/error.h"
#include "compile/hw/devices.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/cli/command.h"
#include "harness/flow/flow.h"
#include "harness/flow/folding_config.h"
#include "harness/page/page.h"
#include "harness/report/headline.h"
#include "harness/rtl/verify_top.h"

namespace assay {

namespace {

constexpr std::string_view kTopLevel = "rtl-top";  ///< what comes behind the stages

std::string device_names() {
  std::string names;
  for (const hw::Device& device : hw::devices())
    names += (names.empty() ? "" : ", ") + std::string(device.name);
  return names;
}

void add_streamline_options(Command& command, PassOptions& options) {
  command
      .add_option(
          "--input-weight-bits", options.input_weight_bits,
          fmt::format("Bits that weights may take where the exact form of a normalised input "
                      "multiplies them by integers in proportion to 1/std; layers take {}",
                      kMaxHardwareWeightBits))
      .in_range(1, kMaxWeightBits)
      .capture_default_str()
      .type_name("N");
  command
      .add_option("--input-bits", options.input_bits,
                  fmt::format("Quantise a normalised input to N bits (approximate stage "
                              "quantize_input); {} where its exact form is not possible",
                              kInputBits))
      .in_range(kMinInputBits, kMaxInputBits)
      .type_name("N");
  command
      .add_option(
          "--scale-bits", options.scale_bits,
          "Bits of scales in front of a product, such as a batch normalisation's, that have "
          "no exact integer form (approximate stage round_scales)")
      .in_range(kMinScaleBits, kMaxScaleBits)
      .capture_default_str()
      .type_name("N");
  command
      .add_option("--join-budget", options.join_budget,
                  "Fraction bits that an exact sum of branches may take")
      .in_range(1, kMaxJoinBits)
      .capture_default_str()
      .type_name("N");
  command
      .add_option("--join-bits", options.join_bits,
                  "Give sums of branches N fraction bits, exact or not (residual_sums becomes an "
                  "approximate stage)")
      .in_range(0, kMaxJoinBits)
      .type_name("N");
}

/// What the options say before they are put together.
struct HardwareChoice {
  std::optional<std::int64_t> cycles, share;
  std::optional<double> fps;
  double clock_mhz = 100;
  std::string folding;
};

/// The three goals of folding, of which a run has one. UserError for more.
void set_goal(PassOptions& options, const HardwareChoice& choice) {
  const bool device = !options.device.empty();
  if ((choice.cycles ? 1 : 0) + (choice.fps ? 1 : 0) + (device ? 1 : 0) > 1)
    user_error("--target-cycles, --target-fps and --device exclude each other; give one of them");
  if (choice.share && !device)
    user_error("--device-share is a share of --device, which is not given");
  if (choice.cycles) options.target_cycles = *choice.cycles;
  if (choice.fps) options.target_cycles = cycles_per_frame(*choice.fps, choice.clock_mhz);
  if (device) hw::find_device(options.device);
  if (choice.share) options.device_share = *choice.share;
}

void add_goal_options(Command& command, PassOptions& options, HardwareChoice& choice) {
  command
      .add_option("--target-cycles", choice.cycles,
                  fmt::format("Unfold every layer until it takes at most N cycles per frame; {} "
                              "without another goal",
                              options.target_cycles))
      .positive()
      .type_name("N");
  command
      .add_option("--target-fps", choice.fps,
                  "Unfold every layer until it keeps up with F frames per second at --clock")
      .positive()
      .type_name("F");
  command
      .add_option("--clock", choice.clock_mhz,
                  "Clock for --target-fps and for rtl-top's frames per second")
      .positive()
      .capture_default_str()
      .type_name("MHZ");
  command
      .add_option(
          "--device", options.device,
          "Unfold as far as the layers, as estimated, fit a share of this part: " + device_names())
      .type_name("PART");
  command
      .add_option("--device-share", choice.share,
                  fmt::format("Percent of the device that layers may take; {} if not given",
                              options.device_share))
      .in_range(1, 100)
      .type_name("P");
}

void add_hardware_options(Command& command, PassOptions& options, HardwareChoice& choice) {
  add_goal_options(command, options, choice);
  command
      .add_option(
          "--fifo-interval", options.fifo_interval,
          "Size FIFOs for a frame every N cycles: slower than the slowest layer saves memory")
      .positive()
      .type_name("N");
  command
      .add_option("--folding", choice.folding,
                  "JSON file with PE, SIMD, ram_style, mem_mode, preferred_impl_style and FIFO "
                  "depths of nodes, as FINN's folding_config and the folding.json of a run")
      .type_name("FILE");
  command.add_flag("--standalone-thresholds", options.standalone_thresholds,
                   "Make thresholds layers of their own, not part of the product before them");
  command.add_flag("--allow-software", options.allow_software,
                   "Leave nodes that have no hardware layer to software instead of refusing them");
}

/// The last step: the stitched RTL of what the stages have built.
VerifyTopResult simulate(const FlowOptions& options, double clock_mhz, const Console& console) {
  VerifyTopOptions top;
  top.dir = options.out;
  top.clock_mhz = clock_mhz;
  top.finished = options.finished;
  return verify_top(top, console);
}

/// Every stage, and then the RTL. Prints the report or the tables; returns the exit code.
int run(const FlowOptions& options, double clock_mhz, bool simulates,
        const CommandContext& context) {
  FlowResult result = run_flow(options, context.console);
  if (!context.json) context.console.out << result.table;
  if (simulates && exit_code(result.verdict) == 0) {
    VerifyTopResult top = simulate(options, clock_mhz, context.console);
    if (!context.json) context.console.out << '\n' << top.table;
    Headline headline(result.report);
    headline.note(kTopLevel, top.verdict);
    result.verdict = headline.verdict;
    result.report.verdict = headline.verdict;
    result.report.reason = headline.reason;
    result.report.rtl_top = std::move(top.report);
  }
  if (context.json) print_report(context, result.report);
  return exit_code(result.verdict);
}

}  // namespace

void add_run_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<FlowOptions>();
  Command command = app.add_subcommand(
      "run",
      "Build every stage of a network up to its RTL, execute each exactly on images and compare");
  command.add_option("MODEL", options->model, "Network: a QONNX, QCDQ or plain ONNX file")
      .required();
  add_against_option(command, options->against);
  add_image_options(command, options->images);
  add_preprocess_options(command, options->preprocess);
  command.add_option("--topk", options->topk, "How many labels the network puts out")
      .capture_default_str()
      .type_name("K");
  add_streamline_options(command, options->passes);
  const auto hardware = std::make_shared<HardwareChoice>();
  add_hardware_options(command, options->passes, *hardware);
  command
      .add_option("--until", options->until,
                  "Last stage, such as cleanup or fifos; default: all of them, and then "
                  "rtl-top, the simulation of the whole accelerator")
      .type_name("STAGE");
  command
      .add_option("--out", options->out,
                  "Folder for stages, reports and log; a killed run goes on there")
      .required()
      .type_name("DIR");
  add_examples(
      command,
      "  assay run model.onnx --out out/model\n"
      "  assay run model.onnx --data data/cifar-10-batches-bin --images 1000 --out out/model\n"
      "  assay run model.onnx --data cifar --preprocess normalize --topk 5 --out out/model\n"
      "  assay run model.onnx --data cifar --against recorded --out out/model\n"
      "  assay run model.onnx --device xc7z020 --out out/model\n"
      "  assay run model.onnx --target-fps 1000 --clock 100 --out out/model\n"
      "  assay run model.onnx --until cleanup --json --out out/model > run.json");
  command.callback([options, hardware, &action] {
    action = [options, hardware](const CommandContext& context) {
      options->finished = write_page;
      set_goal(options->passes, *hardware);
      if (!hardware->folding.empty())
        options->passes.folding = read_folding_config(hardware->folding);
      const bool simulates = options->until.empty() || options->until == kTopLevel;
      if (simulates) options->until.clear();
      return run(*options, hardware->clock_mhz, simulates, context);
    };
  });
}

}  // namespace assay
