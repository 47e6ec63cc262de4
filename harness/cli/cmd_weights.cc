// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "harness/cli/command.h"
#include "harness/page/page.h"
#include "harness/weights/verify_weights.h"

namespace assay {

void add_weights_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<WeightsOptions>();
  Command command = app.add_subcommand("weights",
                                       "Pack another training of a run's network for its hardware, "
                                       "and see a running accelerator take it");
  command.add_option("DIR", options->dir, "Folder of a finished run with --runtime-weights")
      .required();
  command
      .add_option("--from", options->from,
                  "Model of the other training: a QONNX, QCDQ or plain ONNX file")
      .required()
      .type_name("MODEL");
  command
      .add_option(
          "--out", options->out,
          "Folder for weights.npy and weights.json, and for the other model's run up to its layers")
      .required()
      .type_name("FOLDER");
  command.add_flag(
      "--replace", options->replace,
      "FOLDER may hold what belongs to another training, or to images that were replaced");
  add_image_options(command, options->images);
  command.add_option("--seed", options->seed, "Seed of everything random")
      .capture_default_str()
      .type_name("S");
  command
      .add_option("--cache", options->cache,
                  "Folder of built models; default: the user's, $XDG_CACHE_HOME/assay/models or "
                  "~/.cache/assay/models")
      .type_name("FOLDER");
  add_examples(command,
               "  assay run model.onnx --runtime-weights --out out/model\n"
               "  assay weights out/model --from retrained.onnx --out out/retrained\n"
               "  assay weights out/model --from retrained.onnx --data cifar --images 20 --out "
               "out/retrained");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      options->finished = write_page;
      const WeightsResult result = verify_weights(*options, context.console);
      if (context.json)
        print_report(context, result.report);
      else
        context.console.out << result.table;
      return exit_code(result.report.head.verdict);
    };
  });
}

}  // namespace assay
