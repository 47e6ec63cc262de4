// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"
#include "harness/check/check.h"
#include "harness/check/check_text.h"
#include "harness/check/heads.h"
#include "harness/check/match.h"
#include "harness/check/recorded_report.h"
#include "harness/check/run_table.h"
#include "harness/check/stimuli.h"
#include "harness/cli/command.h"
#include "harness/report/query.h"
#include "harness/run/identity.h"
#include "harness/run/network.h"

namespace assay {
namespace {

struct CompareOptions {
  std::filesystem::path a, b, against;
  ImageChoice images;
  PreprocessChoice preprocess;
};

/// A network and what it is, from raw pixels, with all checkpoints that its graph calls for, up to
/// what a host computes at its end.
struct Side {
  Side(const std::filesystem::path& path, const Preprocess& preprocess, const Console& console)
      : bytes(read_file(path)),
        network(import_network(bytes, path, console)),
        tail(take_off_tail(network)),
        added(complete_checkpoints(network)),
        pixels(pixel_graph(network, preprocess)),
        identity{path.string(), sha256(bytes)} {
    for (const HostOutput& output : tail.outputs)
      console.remark(fmt::format("{}: at output '{}' what {} {} is compared",
                                 printable(path.string(), 4096), printable(output.name),
                                 nodes_text(output), output.nodes.size() == 1 ? "takes" : "take"));
  }

  /// Forgets checkpoints that neither the file nor `reference` lists: B may have more quantisers.
  void keep_asked_for(const Graph& reference) {
    const auto& asked = reference.checkpoints();
    const auto first = pixels.checkpoints().end() - static_cast<std::ptrdiff_t>(added);
    pixels.checkpoints().erase(std::remove_if(first, pixels.checkpoints().end(),
                                              [&](const Checkpoint& checkpoint) {
                                                return std::ranges::find(asked, checkpoint.name,
                                                                         &Checkpoint::name) ==
                                                       asked.end();
                                              }),
                               pixels.checkpoints().end());
  }

  std::string bytes;
  Graph network;
  HostTail tail;
  std::size_t added;  ///< the last checkpoints, which the file does not list
  Graph pixels;
  report::File identity;
};

/// What a comparison with a network or with a recording adds to the report and to the text.
struct Outcome {
  report::Compare report;
  std::string text;
  Judgement judgement{Verdict::kEquivalent, {}};

  /// The worse verdict, and the reason for it.
  void note(const Judgement& other) {
    if (!judgement.reason.empty() && worse(judgement.verdict, other.verdict) == judgement.verdict)
      return;
    judgement = other;
  }
};

/// Names of outputs of `b` of which, as its file says, `otherwise` holds: what compares equal is not
/// what comes out.
template <typename Otherwise>
std::vector<std::string> outputs_that(const Graph& reference, const Graph& b,
                                      const Otherwise& otherwise) {
  std::vector<std::string> names;
  for (const Checkpoint& mine : b.checkpoints()) {
    const auto& all = reference.checkpoints();
    const auto other = std::ranges::find(all, mine.name, &Checkpoint::name);
    const bool output = std::ranges::find(b.outputs(), mine.tensor) != b.outputs().end() ||
                        mine.kind == Checkpoint::Kind::kLogits;
    if (output && other != all.end() && otherwise(mine, *other)) names.push_back(mine.name);
  }
  return names;
}

bool rescaled(const Checkpoint& mine, const Checkpoint& other) {
  return mine.unit != other.unit || mine.shift != other.shift;
}

/// The same axes in another order; axes of one element may lie anywhere.
bool reordered(const Checkpoint& mine, const Checkpoint& other) {
  const auto axes = [](const Checkpoint& checkpoint) {
    const Shape& shape = *checkpoint.tensor->shape;
    std::vector<std::int64_t> order;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const std::int64_t axis =
          checkpoint.perm.empty() ? static_cast<std::int64_t>(i) : checkpoint.perm[i];
      if (shape[static_cast<std::size_t>(axis)] != 1) order.push_back(axis);
    }
    std::vector<std::int64_t> rank = order;
    std::ranges::sort(rank);
    for (std::int64_t& axis : order) axis = std::ranges::find(rank, axis) - rank.begin();
    return order;
  };
  return axes(mine) != axes(other);
}

void compare_networks(const CompareOptions& options, const Preprocess& preprocess, const Side& a,
                      Reference& reference, const Console& console, Outcome& outcome) {
  Side b(options.b, preprocess, console);
  const std::string_view matched_by = match_checkpoints(reference.graph(), b.pixels);
  b.keep_asked_for(reference.graph());
  StageCheck check = check_stage(reference, b.pixels, 1, console, "compare");
  if (const auto heads = differing_heads({a.pixels, a.tail}, {b.pixels, b.tail}))
    check.judgement.note(Verdict::kDifferent, *heads);
  outcome.report.b = b.identity;
  outcome.report.matched_by = matched_by;
  outcome.report.note(comparison_report(check));
  if (matched_by == "order")
    console.remark("The networks name their checkpoints differently; matched in order.");
  outcome.text += check_text(check);
  outcome.report.rescaled = outputs_that(reference.graph(), b.pixels, rescaled);
  outcome.report.reordered = outputs_that(reference.graph(), b.pixels, reordered);
  for (const std::string& name : *outcome.report.rescaled)
    outcome.text += fmt::format(
        "NOTE: B puts out '{}' in another unit than A: it was compared as the metadata of B "
        "convert it\n",
        printable(name));
  for (const std::string& name : *outcome.report.reordered)
    outcome.text += fmt::format(
        "NOTE: B puts out '{}' with its axes in another order than A: it was compared as the "
        "metadata of B say\n",
        printable(name));
  outcome.note(check.judgement);
}

void compare_recording(const Recording& recording, Reference& reference, const Console& console,
                       Outcome& outcome) {
  const RecordedReport recorded = compare_recorded(reference, recording, console);
  if (!outcome.text.empty()) outcome.text += "\n";
  outcome.text += recorded_table(recorded.report) + "\n" + recorded_text(recorded.report);
  outcome.report.recorded = recorded.report;
  outcome.note(recorded.judgement);
}

/// Says what the images cannot show; images that are all the same settle nothing.
void look_at(Reference& reference, Outcome& outcome) {
  outcome.report.stimuli = look_at_images(reference);
  if (const auto judgement = judge_images(outcome.report.stimuli);
      judgement && exit_code(outcome.judgement.verdict) == 0) {
    outcome.judgement = *judgement;
    outcome.text += fmt::format("{}: {}\n", verdict_name(judgement->verdict), judgement->reason);
  }
}

/// The last line where two verdicts stand above it.
std::string overall_text(const Outcome& outcome, const CompareOptions& options) {
  if (options.b.empty() || options.against.empty()) return {};
  return fmt::format("both: {}: {}\n", verdict_name(outcome.judgement.verdict),
                     outcome.judgement.reason);
}

int run_compare(const CompareOptions& options, const CommandContext& context) {
  if (options.b.empty() && options.against.empty())
    user_error("compare needs a second network B, or --against FOLDER with a recording of A");
  const Preprocess preprocess(resolved_for(options.a, options.preprocess, options.images));
  const Side a(options.a, preprocess, context.console);
  const ChosenImages images = choose_images(options.images, a.pixels);
  std::optional<Recording> recording;
  if (!options.against.empty()) recording.emplace(options.against, a.pixels, images);
  Reference reference(a.pixels, images);
  Outcome outcome;
  outcome.report.a = a.identity;
  outcome.report.data = data_identity(images);
  outcome.report.preprocess = preprocess.identity();
  if (!options.b.empty())
    compare_networks(options, preprocess, a, reference, context.console, outcome);
  if (recording) compare_recording(*recording, reference, context.console, outcome);
  look_at(reference, outcome);
  outcome.report.verdict = outcome.judgement.verdict;
  outcome.report.reason = outcome.judgement.reason;
  if (context.json)
    print_report(context, outcome.report);
  else
    context.console.out << outcome.text << overall_text(outcome, options)
                        << unseen_text(unseen(outcome.report.stimuli));
  return exit_code(outcome.judgement.verdict);
}

}  // namespace

void add_compare_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<CompareOptions>();
  Command command = app.add_subcommand(
      "compare",
      "Execute two networks exactly on the same images and compare every checkpoint; or one with "
      "what another runtime recorded");
  command.add_option("A", options->a, "The network that is taken as right").required();
  command.add_option("B", options->b, "The network that is checked; not needed with --against");
  add_against_option(command, options->against);
  add_image_options(command, options->images);
  add_preprocess_options(command, options->preprocess);
  add_examples(command,
               "  assay compare model.qonnx.onnx model.qcdq.onnx\n"
               "  assay compare out/a/stages/02_cleanup.onnx out/b/stages/02_cleanup.onnx \\\n"
               "      --data data/cifar-10-batches-bin --images 100:200\n"
               "  assay compare model.onnx --against recorded --data data/cifar-10-batches-bin");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) { return run_compare(*options, context); };
  });
}

}  // namespace assay
