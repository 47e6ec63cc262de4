// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <memory>

#include "harness/cli/command.h"
#include "harness/selftest/selftest.h"

namespace assay {

void add_selftest_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<SelftestOptions>();
  Command command = app.add_subcommand(
      "selftest",
      "Plant faults into a copy of a run and see that the commands notice each of them");
  command.add_option("DIR", options->dir, "Folder of a finished run; it is only read").required();
  command.add_option("--faults", options->faults, "How many faults, over all kinds of artefacts")
      .positive()
      .capture_default_str()
      .type_name("N");
  command.add_option("--seed", options->seed, "Seed of which faults")
      .capture_default_str()
      .type_name("S");
  add_examples(command,
               "  assay selftest out/model\n"
               "  assay selftest out/model --faults 2000 --seed 7 --json > selftest.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      options->jobs = static_cast<int>(
          tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
      options->command = command_of(std::filesystem::read_symlink("/proc/self/exe"));
      const SelftestResult result = selftest(*options, context.console);
      if (context.json)
        print_report(context, result.report);
      else
        context.console.out << result.table;
      return exit_code(result.verdict);
    };
  });
}

}  // namespace assay
