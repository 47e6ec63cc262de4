// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "harness/check.h"
#include "harness/check_text.h"
#include "harness/command.h"
#include "harness/identity.h"
#include "harness/match.h"
#include "harness/network.h"
#include "harness/schema.h"

namespace assay {
namespace {

struct CompareOptions {
  std::filesystem::path a, b;
  ImageChoice images;
  PreprocessChoice preprocess;
};

/// A network and what it is, from raw pixels.
struct Side {
  Side(const std::filesystem::path& path, const Preprocess& preprocess, const Console& console)
      : bytes(read_file(path)),
        pixels(pixel_graph(import_network(bytes, path, console), preprocess)),
        identity({{"file", path.string()}, {"sha256", sha256(bytes)}}) {}
  std::string bytes;
  Graph pixels;
  Json identity;
};

int run_compare(const CompareOptions& options, const CommandContext& context) {
  const Preprocess preprocess(options.preprocess);
  const Side a(options.a, preprocess, context.console);
  Side b(options.b, preprocess, context.console);
  const std::string_view matched_by = match_checkpoints(a.pixels, b.pixels);
  const ChosenImages images = choose_images(options.images, a.pixels);
  Reference reference(a.pixels, images);
  const StageCheck check = check_stage(reference, b.pixels, 1, context.console, "compare");
  if (context.json) {
    Json report = {{"schema", kCompareSchema},
                   {"a", a.identity},
                   {"b", b.identity},
                   {"matched_by", matched_by},
                   {"data", data_identity(images)},
                   {"preprocess", preprocess.identity()}};
    report.update(check_json(check));
    print_report(context, report);
  } else {
    if (matched_by == "order")
      context.console.remark("The networks name their checkpoints differently; matched in order.");
    context.console.out << check_text(check);
  }
  return exit_code(check.judgement.verdict);
}

}  // namespace

void add_compare_command(CLI::App& app, CommandAction& action) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare", "Execute two networks exactly on the same images and compare every checkpoint");
  command->add_option("A", options->a, "The network that is taken as right")->required();
  command->add_option("B", options->b, "The network that is checked")->required();
  add_image_options(*command, options->images);
  add_preprocess_options(*command, options->preprocess);
  add_examples(*command,
               "  assay compare model.qonnx.onnx model.qcdq.onnx\n"
               "  assay compare out/a/stages/02_cleanup.onnx out/b/stages/02_cleanup.onnx \\\n"
               "      --data data/cifar-10-batches-bin --images 100:200");
  command->callback([options, &action] {
    action = [options](const CommandContext& context) { return run_compare(*options, context); };
  });
}

}  // namespace assay
