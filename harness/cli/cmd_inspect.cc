// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "harness/build/inspect.h"
#include "harness/cli/command.h"

namespace assay {

void add_inspect_command(Command& app, CommandAction& action) {
  const auto dir = std::make_shared<std::filesystem::path>();
  Command command = app.add_subcommand("inspect",
                                       "One page on what was generated of a run: files, streams, "
                                       "addresses, clocks, resources, hashes, and what "
                                       "verified which level");
  command.add_option("DIR", *dir, "Folder of a finished run").required();
  add_examples(command,
               "  assay inspect out/model\n"
               "  assay inspect out/model --json > inspect.json");
  command.callback([dir, &action] {
    action = [dir](const CommandContext& context) {
      const report::Inspect report = inspect(*dir);
      if (context.json)
        print_report(context, report);
      else
        context.console.out << inspect_text(report);
      return report.faults.empty() ? 0 : exit_code(Verdict::kInconclusive);
    };
  });
}

}  // namespace assay
