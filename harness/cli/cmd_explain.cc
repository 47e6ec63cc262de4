// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "harness/cli/command.h"
#include "harness/query/explain.h"

namespace assay {
namespace {

struct ExplainOptions {
  std::filesystem::path dir;
  std::string node;
};

template <typename T>
void print_explained(const CommandContext& context, const T& report,
                     std::string (*text)(const T&)) {
  if (context.json)
    print_report(context, report);
  else
    context.console.out << text(report);
}

int run_explain(const ExplainOptions& options, const CommandContext& context) {
  const SavedRun run = read_run(options.dir);
  remark_on(run, context.console);
  const report::Streamline streamline = read_streamline(options.dir);
  if (options.node.empty())
    print_explained(context, streamline, streamline_text);
  else
    print_explained(context, explain_node(run, streamline, options.node), explain_text);
  return 0;
}

}  // namespace

void add_explain_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<ExplainOptions>();
  Command command = app.add_subcommand(
      "explain", "Tell how a run turned quantisers into integer thresholds, and with what proof");
  command.add_option("DIR", options->dir, "Folder of a run").required();
  command.add_option("NODE", options->node,
                     "A node or checkpoint of any stage; default: a table of all quantisers");
  add_examples(command,
               "  assay explain out/model\n"
               "  assay explain out/model Quant_3\n"
               "  assay explain out/model --json > streamline.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return run_explain(*options, context); };
  });
}

}  // namespace assay
