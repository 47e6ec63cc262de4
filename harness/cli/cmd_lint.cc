// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>

#include "harness/cli/command.h"
#include "harness/query/lint.h"
#include "harness/report/verdict.h"

namespace assay {
namespace {

int run_lint(LintOptions& options, const CommandContext& context) {
  const report::Lint found = lint(options, context.console);
  if (context.json)
    print_report(context, found);
  else
    context.console.out << lint_text(found);
  return found.refusals.empty() ? 0 : kExitBadInput;
}

}  // namespace

void add_lint_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<LintOptions>();
  Command command = app.add_subcommand(
      "lint",
      "List all that would stop a run of a network, each with node, reason and remedy\n"
      "Looked at is what import refuses of every node, input and initializer, and where that is\n"
      "nothing, what of every node has no integer form or no hardware layer. Nothing is executed");
  command.add_option("MODEL", options->model, "Network: a QONNX, QCDQ or plain ONNX file")
      .required();
  add_preprocess_options(command, options->preprocess);
  constexpr std::array kStages = {"postprocess", "quantize_input", "round_scales", "residual_sums",
                                  "hw_layers"};
  for (const RunOption& option : run_options())
    if (std::ranges::find(kStages, option.stage) != kStages.end())
      add_run_option(command, option, *options);
  add_examples(command,
               "  assay lint model.onnx\n"
               "  assay lint model.onnx --preprocess normalize --input-bits 8\n"
               "  assay lint model.onnx --json > lint.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return run_lint(*options, context); };
  });
}

}  // namespace assay
