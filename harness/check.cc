// SPDX-License-Identifier: Apache-2.0
#include "harness/check.h"

#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"

namespace assay {
namespace {

/// Activations of 10,000 images of a small network, or of 1,000 of a ResNet-18.
constexpr std::int64_t kKeptBytes = std::int64_t{1} << 30;

Json optional_json(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json();
}

std::string_view compared_as(const ComparedCheckpoint& pair) {
  if (!pair.candidate) return "missing";
  if (pair.label_from_logits) return "rank of the logits";
  const bool integers =
      pair.same_map && (pair.reference_map.has_map || pair.kind == Checkpoint::Kind::kLabel);
  return integers ? "integers" : "reals";
}

Json checkpoint_json(const ComparedCheckpoint& pair, const CheckpointTally& tally) {
  return {{"name", pair.name},
          {"kind", checkpoint_kind_name(pair.kind)},
          {"dtype", pair.reference_map.dtype.name()},
          {"shape", pair.shape},
          {"node", pair.node},
          {"compared_as", compared_as(pair)},
          {"predicted", tally.predicted},
          {"compared", tally.compared},
          {"differing", tally.differing},
          {"first_difference", tally.first ? difference_json(*tally.first) : Json()}};
}

}  // namespace

Reference::Reference(const Graph& graph, const ChosenImages& images)
    : graph_(graph),
      images_(images),
      executor_(graph, split_images(images.size())),
      results_(images.size(), kKeptBytes,
               [this](std::int64_t image) { return executor_.run(images_.set.image(image)); }) {}

StageCheck check_stage(Reference& reference, const Graph& candidate, std::int64_t topk,
                       const Console& console, const std::string& label) {
  const ChosenImages& images = reference.images();
  StageCheck check;
  check.plan = plan_comparison(reference.graph(), candidate);
  const std::optional<AnswerSource> source = answer_source(candidate);
  const ExactPixels executor(candidate, split_images(images.size()));
  std::vector<ImageTally> tallies(static_cast<std::size_t>(images.size()));
  std::vector<Answer> answers(source ? tallies.size() : 0);
  Canaries canaries;
  Progress progress(console, label, images.size());
  for_each_image(images.size(), [&](std::int64_t image) {
    const auto at = static_cast<std::size_t>(image);
    ImageResult scratch;
    const ImageResult& expected = reference.result(image, scratch);
    const ImageResult got = executor.run(images.set.image(image));
    tallies[at] = compare_image(check.plan, images.first + image, expected, got);
    if (source) answers[at] = exact_answer(*source, got);
    if (image == 0) canaries = plant_faults(check.plan, expected, got, compare_image);
    progress.tick();
  });
  check.tally = sum_tallies(check.plan, tallies);
  check.tally.canaries = canaries;
  check.judgement = judge(check.plan, check.tally);
  if (source) check.accuracy = count_accuracy(*source, images.set, images.first, answers, topk);
  return check;
}

Json difference_json(const Difference& difference) {
  return {{"checkpoint", difference.checkpoint},
          {"node", difference.node},
          {"image", difference.image},
          {"element", difference.element},
          {"channel", optional_json(difference.channel)},
          {"row", optional_json(difference.row)},
          {"column", optional_json(difference.column)},
          {"expected", difference.expected},
          {"got", difference.got}};
}

std::string difference_text(const Difference& difference) {
  std::string place = fmt::format("image {}", difference.image);
  if (difference.channel) place += fmt::format(", channel {}", *difference.channel);
  if (difference.row) place += fmt::format(", row {}", *difference.row);
  if (difference.column) place += fmt::format(", column {}", *difference.column);
  if (!difference.channel) place += fmt::format(", element {}", difference.element);
  return fmt::format("checkpoint '{}', node '{}', {}: expected {}, got {}",
                     printable(difference.checkpoint), printable(difference.node), place,
                     difference.expected, difference.got);
}

Json check_json(const StageCheck& check) {
  Json checkpoints = Json::array();
  for (std::size_t i = 0; i < check.plan.checkpoints.size(); ++i)
    checkpoints.push_back(checkpoint_json(check.plan.checkpoints[i], check.tally.checkpoints[i]));
  const Difference* first = check.tally.first();
  const Canaries& canaries = check.tally.canaries;
  return {{"verdict", verdict_name(check.judgement.verdict)},
          {"reason", check.judgement.reason},
          {"images", check.tally.images},
          {"predicted", check.tally.predicted()},
          {"compared", check.tally.compared()},
          {"differing", check.tally.differing()},
          {"canaries", {{"planted", canaries.planted}, {"caught", canaries.caught}}},
          {"checkpoints", std::move(checkpoints)},
          {"unexpected", check.plan.unexpected},
          {"first_difference", first ? difference_json(*first) : Json()}};
}

}  // namespace assay
