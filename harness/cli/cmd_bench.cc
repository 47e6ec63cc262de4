// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/file.h"
#include "harness/cli/command.h"
#include "harness/query/bench.h"
#include "harness/report/output_file.h"

namespace assay {

namespace {

constexpr std::int64_t kMostFrames = 10000;

struct BenchCommand {
  BenchOptions bench;
  std::string csv;
};

}  // namespace

void add_bench_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<BenchCommand>();
  Command command = app.add_subcommand(
      "bench", "Cycles and throughput of a run's layers and accelerators, without simulating them");
  command.add_option("DIR", options->bench.dir, "Folder of a finished run").required();
  command.add_option("--clock", options->bench.clock_mhz, "Clock in MHz")
      .positive()
      .capture_default_str()
      .type_name("MHZ");
  command.add_option("--frames", options->bench.frames, "Frames back to back for the token model")
      .in_range(std::int64_t{1}, kMostFrames)
      .capture_default_str()
      .type_name("N");
  command
      .add_option("--device", options->bench.device,
                  "Part for which resources are estimated; default: the run's, or xc7z020")
      .type_name("PART");
  command.add_option("--csv", options->csv, "Also write comma-separated values to a file")
      .type_name("FILE");
  add_examples(command,
               "  assay bench out/model\n"
               "  assay bench out/model --clock 200 --csv model.csv\n"
               "  assay bench out/model --json > model.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      if (!options->csv.empty()) check_output_file(options->csv, "--csv");
      const report::Bench report = bench(options->bench);
      if (!options->csv.empty()) write_file(options->csv, bench_csv(report));
      if (context.json)
        print_report(context, report);
      else
        context.console.out << bench_table(report);
      return 0;
    };
  });
}

}  // namespace assay
