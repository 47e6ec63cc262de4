// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "harness/check/recorded_report.h"
#include "harness/cli/command.h"
#include "harness/query/accuracy.h"
#include "harness/query/targets.h"
#include "harness/report/query.h"
#include "harness/run/identity.h"
#include "harness/run/network.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

struct AccuracyOptions {
  std::filesystem::path target, save_images, against, targets;
  ImageChoice images;
  PreprocessChoice preprocess;
  bool exact_only = false, float_only = false;
  std::int64_t topk = 5;
};

struct Network {
  std::string name;
  std::filesystem::path file;
};

/// What the command line names: one network, or the stages of a run with what the run was told.
struct Target {
  std::vector<Network> networks;
  ImageChoice images;
  PreprocessChoice preprocess;
  bool has_host_steps = false;  ///< a run, whose host computes its last outputs
};

Target find_target(const AccuracyOptions& options, const Console& console) {
  if (!is_run_folder(options.target))
    return {{{options.target.string(), options.target}},
            options.images,
            resolved_for(options.target, options.preprocess, options.images),
            false};
  const SavedRun run = read_run(options.target);
  remark_on(run, console);
  Target target{
      {}, images_of_run(run, options.images), run.preprocess, run.report.host.has_value()};
  for (const SavedRun::Stage& stage : run.stages) target.networks.push_back({stage.id, stage.file});
  return target;
}

/// Integer joins, sums and hardware layers have no float32 meaning of their own, so stages with
/// them are measured exactly only, unless the float reference was asked for by name.
AccuracyModes modes_for(const Graph& graph, const AccuracyOptions& options) {
  const bool integer_only = std::ranges::any_of(graph.nodes(), [](const auto& node) {
    return node->op->domain().starts_with(ops::kAssayDomain);
  });
  return {!options.float_only, options.float_only || (!options.exact_only && !integer_only)};
}

report::AccuracyReport::Network network_report(const NetworkAccuracy& network,
                                               const std::vector<std::string>& class_names) {
  const auto details = [&](const std::optional<Accuracy>& accuracy) {
    return accuracy ? std::optional(accuracy_details(*accuracy, class_names)) : std::nullopt;
  };
  return {network.network,
          network.sha256,
          details(network.exact),
          details(network.floating),
          network.labels_changed,
          {},
          {}};
}

std::optional<std::vector<report::AccuracyReport::Output>> output_reports(
    const std::optional<std::vector<OutputQuality>>& outputs) {
  if (!outputs) return {};
  std::vector<report::AccuracyReport::Output> reports;
  for (const OutputQuality& o : *outputs) {
    report::AccuracyReport::Output& r = reports.emplace_back();
    r.output = o.output;
    r.predicted = o.predicted;
    r.compared = o.compared;
    r.correct = o.correct;
    if (!o.error) continue;
    r.mean_error = o.error->mean_absolute();
    r.rms_error = std::sqrt(o.error->mean_square());
    r.largest_error = o.error->largest();
    r.psnr = o.error->psnr();
  }
  return reports;
}

/// The network, or a run's first stage, which is the network as it was imported, with a recording.
std::optional<RecordedReport> check_recording(const AccuracyOptions& options, const Graph& pixels,
                                              const ChosenImages& images, const Console& console) {
  if (options.against.empty()) return {};
  const Recording recording(options.against, pixels, images);
  Reference reference(pixels, images);
  return compare_recorded(reference, recording, console);
}

report::AccuracyReport report_head(const ChosenImages& images, const Preprocess& preprocess) {
  report::AccuracyReport report;
  report.data = data_identity(images);
  report.preprocess = preprocess.identity();
  report.accuracy_means_nothing = images.set.synthetic;
  return report;
}

/// A network, or a stage, and the images that all of them run on.
struct Subject {
  const Network& network;
  const Graph& pixels;
  const ChosenImages& images;
  std::string sha256;
  bool has_host_steps = false;
};

/// The images of the first one.
ChosenImages for_each_network(const Target& target, const Preprocess& preprocess,
                              const Console& console,
                              const std::function<void(const Subject&)>& body) {
  std::optional<ChosenImages> images;
  for (const Network& network : target.networks) {
    const std::string bytes = read_file(network.file);
    HostTail tail;
    const Graph pixels =
        pixel_graph(complete_network(bytes, network.file, console, &tail), preprocess);
    if (!images) {
      images = choose_images(target.images, pixels);
      if (const std::string note = class_note(*images, pixels); !note.empty()) console.remark(note);
    }
    body({network, pixels, *images, sha256(bytes), target.has_host_steps || !tail.empty()});
  }
  return std::move(images).value();
}

int run_targets(const AccuracyOptions& options, const CommandContext& context) {
  if (!options.save_images.empty() || !options.against.empty())
    user_error("--targets goes without --save-images and --against, which are about labels");
  const Target target = find_target(options, context.console);
  const Preprocess preprocess(target.preprocess);
  std::optional<Targets> targets;
  std::vector<NetworkQuality> networks;
  const ChosenImages images =
      for_each_network(target, preprocess, context.console, [&](const Subject& of) {
        if (of.has_host_steps)
          user_error(
              "{}: an output is made on the host of what the accelerator puts out, which is what "
              "--targets are compared with; end the network in front of its last function",
              printable(of.network.name));
        if (!targets) targets = read_targets(options.targets, output_names(of.pixels));
        networks.push_back(measure_targets(of.pixels, of.images, *targets,
                                           modes_for(of.pixels, options), context.console,
                                           of.network.name));
        networks.back().sha256 = of.sha256;
      });
  if (!context.json) {
    context.console.out << quality_text(networks);
    return 0;
  }
  report::AccuracyReport report = report_head(images, preprocess);
  for (const NetworkQuality& network : networks)
    report.networks.push_back({network.network,
                               network.sha256,
                               {},
                               {},
                               {},
                               output_reports(network.exact),
                               output_reports(network.floating)});
  print_report(context, report);
  return 0;
}

int run_labels(const AccuracyOptions& options, const CommandContext& context) {
  const Target target = find_target(options, context.console);
  const Preprocess preprocess(target.preprocess);
  std::optional<RecordedReport> recorded;
  std::vector<NetworkAccuracy> networks;
  const ChosenImages images =
      for_each_network(target, preprocess, context.console, [&](const Subject& of) {
        if (networks.empty())
          recorded = check_recording(options, of.pixels, of.images, context.console);
        networks.push_back(measure_accuracy(of.pixels, of.images, modes_for(of.pixels, options),
                                            options.topk, context.console, of.network.name));
        networks.back().sha256 = of.sha256;
      });
  const NetworkAccuracy& last = networks.back();
  if (!options.save_images.empty()) {
    const std::int64_t count = save_misclassified(last.exact ? *last.exact : last.floating.value(),
                                                  images, options.save_images);
    context.console.remark(fmt::format("{} misclassified images written", count));
  }
  if (context.json) {
    report::AccuracyReport report = report_head(images, preprocess);
    if (recorded) report.recorded = recorded->report;
    for (const NetworkAccuracy& network : networks)
      report.networks.push_back(network_report(network, images.set.class_names));
    print_report(context, report);
  } else {
    context.console.out << accuracy_text(networks, images);
    if (recorded)
      context.console.out << '\n'
                          << recorded_table(recorded->report) << '\n'
                          << recorded_text(recorded->report);
  }
  return recorded ? exit_code(recorded->judgement.verdict) : 0;
}

int run_accuracy(const AccuracyOptions& options, const CommandContext& context) {
  if (options.topk < 1) user_error("--topk must be at least 1, not {}", options.topk);
  return options.targets.empty() ? run_labels(options, context) : run_targets(options, context);
}

}  // namespace

void add_accuracy_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<AccuracyOptions>();
  Command command =
      app.add_subcommand("accuracy", "Measure a network, a saved stage or all stages of a run");
  command.add_option("TARGET", options->target, "A network, a stage's file, or the folder of a run")
      .required();
  add_against_option(command, options->against);
  add_image_options(command, options->images);
  add_preprocess_options(command, options->preprocess);
  command
      .add_option(
          "--targets", options->targets,
          "What the outputs should be, instead of labels: reals, or the class of each place "
          "of a map; .npy, or .npz with an array of each output's name")
      .type_name("FILE");
  const Option exact = command.add_flag("--exact", options->exact_only, "Only the exact reference");
  command.add_flag("--float", options->float_only, "Only the float reference").excludes(exact);
  command.add_option("--topk", options->topk, "Also count labels among the K best")
      .capture_default_str()
      .type_name("K");
  command
      .add_option("--save-images", options->save_images,
                  "Write the (last network's) misclassified images there as PNG")
      .type_name("DIR");
  add_examples(
      command,
      "  assay accuracy model.onnx --data data/cifar-10-batches-bin\n"
      "  assay accuracy out/model\n"
      "  assay accuracy out/model/stages/04_postprocess.onnx --data data/cifar-10-batches-bin \\\n"
      "      --images 500 --exact --save-images wrong\n"
      "  assay accuracy upscale.onnx --data small.npy --targets large.npy\n"
      "  assay accuracy model.onnx --data data/cifar-10-batches-bin --against recorded\n"
      "  assay accuracy model.onnx --data data/cifar-10-batches-bin --json > accuracy.json");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return run_accuracy(*options, context); };
  });
}

}  // namespace assay
