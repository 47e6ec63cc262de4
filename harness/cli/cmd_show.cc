// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/check/run_table.h"
#include "harness/cli/command.h"
#include "harness/query/summary.h"
#include "harness/report/schema.h"
#include "harness/run/network.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

struct ShowOptions {
  std::filesystem::path target;
  bool text = false;
};

/// The times of a run; nothing where they are missing or damaged.
std::optional<report::Timing> read_timing(const std::filesystem::path& dir) {
  const std::filesystem::path file = dir / "reports" / "timing.json";
  if (!std::filesystem::exists(file)) return {};
  const std::string text = read_file(file);
  try {
    return read_report<report::Timing>(text, file.string());
  } catch (const UserError&) {  // the run is what matters
    return {};
  }
}

int show_run(const ShowOptions& options, const CommandContext& context) {
  if (options.text)
    user_error("--text shows a network; give a stage's file of the run, not its folder");
  const report::ShowRun shown{read_run(options.target).report, read_timing(options.target)};
  if (context.json)
    print_report(context, shown);
  else
    context.console.out << run_table(shown.run, shown.timing);
  return 0;
}

int show_model(const ShowOptions& options, const CommandContext& context) {
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
  add_examples(command,
               "  assay show model.onnx\n"
               "  assay show model.onnx --text\n"
               "  assay show out/model\n"
               "  assay show out/model/stages/02_cleanup.onnx --json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      return is_run_folder(options->target) ? show_run(*options, context)
                                            : show_model(*options, context);
    };
  });
}

}  // namespace assay
