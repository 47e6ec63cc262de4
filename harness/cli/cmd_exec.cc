// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/printable.h"
#include "harness/cli/command.h"
#include "harness/query/exec.h"

namespace assay {

namespace {

void add_exec_options(Command& command, ExecOptions& options, std::string& mode) {
  add_preprocess_options(command, options.preprocess);
  command.add_option("MODEL", options.model, "Network: a QONNX, QCDQ or plain ONNX file")
      .required();
  command
      .add_option("--input", options.inputs,
                  "Images: N first, as the network takes them; integers, or floats that float32 "
                  "holds exactly; for several inputs --input NAME=X.npy, once for each")
      .one_at_a_time()
      .required()
      .type_name("X.npy");
  command.add_option("--output", options.output, "Where the result goes")
      .required()
      .type_name("Y.npy");
  command
      .add_option("--mode", mode,
                  "exact: real arithmetic, rounded once to float64 at the end; float: float32 "
                  "operator by operator")
      .one_of({"exact", "float"})
      .capture_default_str();
  command
      .add_option("--dump", options.dump,
                  "Write every quantiser's integers there, one .npy each, and scales.json")
      .type_name("DIR");
}

int exec(const ExecOptions& options, const CommandContext& context) {
  const report::Exec report = run_exec(options, context.console);
  if (context.json) {
    print_report(context, report);
    return 0;
  }
  for (const report::Exec::Output& output : report.outputs)
    context.console.out << "'" << printable(output.name) << "' of " << report.images << " images, "
                        << output.dtype << ": " << output.file << "\n";
  return 0;
}

}  // namespace

void add_exec_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<ExecOptions>();
  const auto mode = std::make_shared<std::string>("exact");
  Command command = app.add_subcommand("exec", "Run a network on the images of .npy files");
  add_exec_options(command, *options, *mode);
  add_examples(command,
               "  assay exec model.onnx --input x.npy --output y.npy\n"
               "  assay exec model.onnx --input pixels.npy --preprocess totensor --output y.npy\n"
               "  assay exec model.onnx --input left=l.npy --input right=r.npy --output y.npy\n"
               "  assay exec model.onnx --input x.npy --output y.npy --mode float --dump integers");
  command.callback([options, mode, &action] {
    options->exact = *mode == "exact";
    action = [options](const CommandContext& context) { return exec(*options, context); };
  });
}

}  // namespace assay
