// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <set>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/base/similar.h"
#include "harness/cli/command.h"
#include "harness/regress/baseline_db.h"
#include "harness/regress/history.h"
#include "harness/regress/regress.h"

namespace assay {
namespace {

constexpr const char* kDefaultOut = "out/regress";
constexpr const char* kDefaultBaseline = "out/regress/baseline.db";

}  // namespace

void add_regress_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<RegressOptions>();
  options->out = kDefaultOut;
  Command command = app.add_subcommand(
      "regress", "Run a suite of networks, levels and foldings and compare with stored baselines");
  command.add_option("SUITE", options->suite, "Suite: a TOML file (docs/cli.md)").required();
  command
      .add_option("--out", options->out, "Folder for the cases' runs, the report and the baselines")
      .capture_default_str()
      .type_name("DIR");
  command
      .add_option("--baseline", options->baseline,
                  "Database of baselines and history; default: DIR/baseline.db")
      .type_name("DB");
  command
      .add_option("--cache", options->cache,
                  "Folder of built models; default: the user's, as for 'assay verify'")
      .type_name("FOLDER");
  command.add_flag("--update", options->update,
                   "Accept what is EQUIVALENT as the new baseline, better or worse");
  command.add_option("--junit", options->junit, "Write the results as JUnit XML for a CI system")
      .type_name("FILE");
  add_examples(command,
               "  assay regress models/suite.toml --update\n"
               "  assay regress models/suite.toml\n"
               "  assay regress suite.toml --baseline main.db --junit regress.xml --out out/ci");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      const RegressResult result = regress(*options, context.console);
      if (context.json)
        print_report(context, result.report);
      else
        context.console.out << result.table;
      return result.exit_code;
    };
  });
}

void add_history_command(Command& app, CommandAction& action) {
  struct Options {
    std::filesystem::path baseline = kDefaultBaseline;
    std::string case_name;
  };
  const auto options = std::make_shared<Options>();
  Command command =
      app.add_subcommand("history", "Show how the cases of a suite developed over time");
  command.add_option("--baseline", options->baseline, "Database that 'assay regress' keeps")
      .capture_default_str()
      .type_name("DB");
  command.add_option("--case", options->case_name, "Only this case").type_name("NAME");
  add_examples(command,
               "  assay history\n"
               "  assay history --baseline main.db --case resnet8_w4a4/coarse --json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      const BaselineDb db(options->baseline, BaselineDb::Access::kRead);
      const auto entries = db.history(options->case_name);
      if (entries.empty() && !options->case_name.empty()) {
        std::set<std::string> names;
        for (const RecordedMeasurement& entry : db.history(""))
          names.insert(entry.measurement.case_name);
        user_error("no case is called '{}'; the nearest are {}", printable(options->case_name),
                   similar_names(options->case_name, {names.begin(), names.end()}));
      }
      const report::History history = history_report(entries);
      if (context.json)
        print_report(context, history);
      else
        context.console.out << history_text(history);
      return 0;
    };
  });
}

}  // namespace assay
