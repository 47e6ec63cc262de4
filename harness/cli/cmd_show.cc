// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/cli/command.h"
#include "harness/query/show_run.h"
#include "harness/query/summary.h"
#include "harness/run/network.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

struct ShowOptions {
  std::filesystem::path target;
  bool text = false, check = false;
};

int show_the_run(const ShowOptions& options, const CommandContext& context) {
  if (options.text)
    user_error("--text shows a network; give a stage's file of the run, not its folder");
  const report::ShowRun shown = show_run(options.target);
  if (context.json)
    print_report(context, shown);
  else
    context.console.out << show_run_text(shown);
  return shown.faults.empty() ? 0 : exit_code(shown.verdict);
}

/// Whether every file of a run is what it was: a line for each that is not, and 1, or the count.
int check_the_run(const ShowOptions& options, const CommandContext& context) {
  const LedgerCheck check = check_run(options.target, true);
  for (const std::string& absent : check.absent) context.console.remark(absent);
  if (context.json)
    print_report(context, show_run(options.target));
  else if (!check.faults.empty() || check.checked == 0)
    for (const std::string& fault : check.faults) context.console.out << fault << "\n";
  else
    context.console.out << check.checked << " files are what they were\n";
  return check.faults.empty() && check.checked > 0 ? 0 : exit_code(Verdict::kDifferent);
}

int show_model(const ShowOptions& options, const CommandContext& context) {
  if (options.check) user_error("--check looks at the folder of a run");
  const std::string bytes = read_file(options.target);
  const Graph graph = import_network(bytes, options.target, context.console);
  report::Show summary = graph_summary(graph);
  if (context.json) {
    summary.sha256 = sha256(bytes);
    print_report(context, summary);
  } else {
    context.console.out << (options.text ? to_text(graph) : summary_text(summary));
  }
  return 0;
}

}  // namespace

void add_show_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<ShowOptions>();
  Command command = app.add_subcommand("show", "Show what is in a network, a stage or a run");
  command.add_option("TARGET", options->target, "A network, a stage's file, or the folder of a run")
      .required();
  command.add_flag("--text", options->text, "The whole graph, a line per node and constant");
  command.add_flag("--check", options->check,
                   "Only hold a run's files against the hashes that it has of them");
  add_examples(command,
               "  assay show model.onnx\n"
               "  assay show model.onnx --text\n"
               "  assay show out/model\n"
               "  assay show out/model --check\n"
               "  assay show out/model/stages/02_cleanup.onnx --json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      if (!is_run_folder(options->target)) return show_model(*options, context);
      return options->check ? check_the_run(*options, context) : show_the_run(*options, context);
    };
  });
}

}  // namespace assay
