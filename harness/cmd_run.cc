// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/passes/streamline.h"
#include "harness/command.h"
#include "harness/flow.h"
#include "harness/folding_config.h"

namespace assay {

namespace {

void add_streamline_options(CLI::App& command, StreamlineOptions& options) {
  command
      .add_option("--input-bits", options.input_bits,
                  "Bits of the quantiser for a normalised input, where the network needs one "
                  "(approximate stage quantize_input)")
      ->check(CLI::Range(kMinInputBits, kMaxInputBits))
      ->capture_default_str()
      ->type_name("N");
  command
      .add_option("--join-budget", options.join_budget,
                  "Fraction bits that an exact sum of branches may take")
      ->check(CLI::Range(1, kMaxJoinBits))
      ->capture_default_str()
      ->type_name("N");
  command
      .add_option("--join-bits", options.join_bits,
                  "Give sums of branches N fraction bits, exact or not (residual_sums becomes an "
                  "approximate stage)")
      ->check(CLI::Range(0, kMaxJoinBits))
      ->type_name("N");
}

void add_hardware_options(CLI::App& command, HardwareOptions& options, std::string& folding) {
  command
      .add_option("--target-cycles", options.target_cycles,
                  "Unfold every layer until it takes at most N cycles per frame")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("N");
  command
      .add_option("--fifo-interval", options.fifo_interval,
                  "Size FIFOs for a frame every N cycles: slower than the slowest layer saves memory")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command
      .add_option("--folding", folding,
                  "JSON file with PE, SIMD, ram_style, mem_mode and preferred_impl_style of nodes, "
                  "as FINN's folding_config")
      ->type_name("FILE");
  command.add_flag("--standalone-thresholds", options.standalone_thresholds,
                   "Make thresholds layers of their own, not part of the product before them");
  command.add_flag("--allow-software", options.allow_software,
                   "Leave nodes that have no hardware layer to software instead of refusing them");
}

}  // namespace

void add_run_command(CLI::App& app, CommandAction& action) {
  const auto options = std::make_shared<FlowOptions>();
  CLI::App* command = app.add_subcommand(
      "run", "Build every stage of a network, execute each exactly on images and compare them");
  command->add_option("MODEL", options->model, "Network: a QONNX, QCDQ or plain ONNX file")
      ->required();
  add_image_options(*command, options->images);
  add_preprocess_options(*command, options->preprocess);
  command->add_option("--topk", options->topk, "How many labels the network puts out")
      ->capture_default_str()
      ->type_name("K");
  add_streamline_options(*command, options->streamline);
  const auto folding = std::make_shared<std::string>();
  add_hardware_options(*command, options->hardware, *folding);
  command
      ->add_option("--until", options->until, "Last stage, such as cleanup; default: all of them")
      ->type_name("STAGE");
  command
      ->add_option("--out", options->out,
                   "Folder for stages, reports and log; a killed run goes on there")
      ->required()
      ->type_name("DIR");
  add_examples(
      *command,
      "  assay run model.onnx --out out/model\n"
      "  assay run model.onnx --data data/cifar-10-batches-bin --images 1000 --out out/model\n"
      "  assay run model.onnx --data cifar --preprocess normalize --topk 5 --out out/model\n"
      "  assay run model.onnx --until cleanup --json --out out/model > run.json");
  command->callback([options, folding, &action] {
    action = [options, folding](const CommandContext& context) {
      if (!folding->empty()) options->hardware.folding = read_folding_config(*folding);
      const FlowResult result = run_flow(*options, context.console);
      if (context.json) {
        print_report(context, result.report);
      } else {
        context.console.out << result.table;
      }
      return exit_code(result.verdict);
    };
  });
}

}  // namespace assay
