// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "harness/cli/command.h"
#include "harness/query/bisect.h"

namespace assay {

void add_bisect_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<BisectOptions>();
  Command command = app.add_subcommand(
      "bisect", "Find the first saved stage and node of a run that differ from the model");
  command.add_option("DIR", options->dir, "Folder of a run").required();
  add_image_options(command, options->images);
  command
      .add_option("--drop", options->drop,
                  "Find the first stage whose top-1 accuracy falls by more than X points instead")
      .non_negative()
      .type_name("X");
  add_examples(command,
               "  assay bisect out/model\n"
               "  assay bisect out/model --data data/cifar-10-batches-bin --images 1000\n"
               "  assay bisect out/model --drop 0.5");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      const BisectResult result = bisect(*options, context.console);
      if (context.json) {
        print_report(context, result.report);
      } else {
        context.console.out << result.text;
      }
      return exit_code(result.verdict);
    };
  });
}

}  // namespace assay
