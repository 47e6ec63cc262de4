// SPDX-License-Identifier: Apache-2.0
#include "harness/check/check.h"

#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/printable.h"

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

namespace {

/// Compares one candidate with the reference, image by image.
class StageChecker {
 public:
  StageChecker(Reference& reference, const Graph& candidate, Contract contract)
      : reference_(reference),
        candidate_(candidate),
        images_(reference.images()),
        approximate_(contract == Contract::kApproximate),
        plan_(plan_comparison(reference.graph(), candidate)),
        source_(answer_source(candidate)),
        executor_(candidate, split_images(images_.size())),
        tallies_(static_cast<std::size_t>(images_.size())),
        answers_(source_ ? tallies_.size() : 0) {
    if (approximate_ && source_) reference_source_ = answer_source(reference.graph());
    if (reference_source_) reference_answers_.resize(tallies_.size());
  }

  StageCheck run(std::int64_t topk, const Console& console, const std::string& label) {
    Progress progress(console, label, images_.size());
    for_each_image(images_.size(), [&](std::int64_t image) {
      compare(image);
      progress.tick();
    });
    StageCheck check;
    check.tally = sum_tallies(plan_, tallies_);
    check.tally.canaries = canaries_;
    check.judgement =
        approximate_ ? judge_approximate(plan_, check.tally) : judge(plan_, check.tally);
    if (source_)
      check.accuracy = count_accuracy(*source_, images_.set, images_.first, answers_, topk);
    if (approximate_) check.effect = effect(check.tally, topk);
    check.plan = std::move(plan_);
    return check;
  }

 private:
  void compare(std::int64_t image) {
    const auto at = static_cast<std::size_t>(image);
    ImageResult scratch;
    const ImageResult& expected = reference_.result(image, scratch);
    const ImageResult got = executor_.run(images_.set.image(image));
    tallies_[at] = compare_image(plan_, images_.first + image, expected, got);
    if (source_) answers_[at] = exact_answer(*source_, got);
    if (reference_source_) reference_answers_[at] = exact_answer(*reference_source_, expected);
    if (image == 0) plant(expected, got);
  }

  void plant(const ImageResult& expected, const ImageResult& got) {
    // Where results may differ anyway, no count says whether a planted difference was seen.
    canaries_ = approximate_
                    ? plant_faults(plan_comparison(candidate_, candidate_), got, got, compare_image)
                    : plant_faults(plan_, expected, got, compare_image);
  }

  Effect effect(const ComparisonTally& tally, std::int64_t topk) const {
    Effect effect;
    for (std::size_t i = 0; i < plan_.checkpoints.size(); ++i) {
      if (plan_.checkpoints[i].kind != Checkpoint::Kind::kActivation) continue;
      effect.activations += tally.checkpoints[i].compared;
      effect.changed += tally.checkpoints[i].differing;
    }
    if (!reference_source_) return effect;
    for (std::size_t i = 0; i < answers_.size(); ++i)
      if (answers_[i].ranked.at(0) != reference_answers_[i].ranked.at(0)) ++effect.labels_changed;
    effect.labels = images_.size();
    effect.before =
        count_accuracy(*reference_source_, images_.set, images_.first, reference_answers_, topk);
    return effect;
  }

  Reference& reference_;
  const Graph& candidate_;
  const ChosenImages& images_;
  bool approximate_;
  ComparisonPlan plan_;
  std::optional<AnswerSource> source_, reference_source_;
  ExactPixels executor_;
  std::vector<ImageTally> tallies_;
  std::vector<Answer> answers_, reference_answers_;
  Canaries canaries_;
};

}  // namespace

StageCheck check_stage(Reference& reference, const Graph& candidate, std::int64_t topk,
                       const Console& console, const std::string& label, Contract contract) {
  return StageChecker(reference, candidate, contract).run(topk, console, label);
}

Json effect_json(const StageCheck& check) {
  if (!check.effect) return {};
  return {{"activations", check.effect->activations},
          {"changed", check.effect->changed},
          {"labels", check.effect->labels},
          {"labels_changed", check.effect->labels_changed},
          {"accuracy_before", accuracy_summary(check.effect->before)},
          {"accuracy_after", accuracy_summary(check.accuracy)}};
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

std::string place_text(const Difference& difference) {
  std::string place = fmt::format("image {}", difference.image);
  if (difference.channel) place += fmt::format(", channel {}", *difference.channel);
  if (difference.row) place += fmt::format(", row {}", *difference.row);
  if (difference.column) place += fmt::format(", column {}", *difference.column);
  if (!difference.channel) place += fmt::format(", element {}", difference.element);
  return place;
}

std::string place_text(const Json& difference) {
  std::string text = fmt::format("image {}", difference.at("image").get<std::int64_t>());
  for (const char* axis : {"channel", "row", "column"})
    if (!difference.at(axis).is_null())
      text += fmt::format(", {} {}", axis, difference.at(axis).get<std::int64_t>());
  return text;
}

std::string difference_text(const Difference& difference) {
  return fmt::format("checkpoint '{}', node '{}', {}: expected {}, got {}",
                     printable(difference.checkpoint), printable(difference.node),
                     place_text(difference), difference.expected, difference.got);
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
