// SPDX-License-Identifier: Apache-2.0
#include "harness/check/check.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// Activations of 10,000 images of a small network, or of 1,000 of a ResNet-18.
constexpr std::int64_t kKeptBytes = std::int64_t{1} << 30;

std::string_view compared_as(const ComparedCheckpoint& pair) {
  if (!pair.candidate) return "missing";
  if (pair.label_from_logits) return "rank of the logits";
  const bool integers =
      pair.same_map && (pair.reference_map.has_map || pair.kind == Checkpoint::Kind::kLabel);
  return integers ? "integers" : "reals";
}

report::Checkpoint checkpoint_report(const ComparedCheckpoint& pair, const CheckpointTally& tally) {
  return {.name = pair.name,
          .kind = std::string(checkpoint_kind_name(pair.kind)),
          .dtype = pair.reference_map.dtype.name(),
          .shape = pair.shape,
          .node = pair.node,
          .compared_as = std::string(compared_as(pair)),
          .predicted = tally.predicted,
          .compared = tally.compared,
          .differing = tally.differing,
          .first_difference = tally.first};
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
  StageChecker(Reference& reference, const Graph& candidate, Contract contract, bool needs_label)
      : reference_(reference),
        candidate_(candidate),
        images_(reference.images()),
        approximate_(contract == Contract::kApproximate),
        plan_(plan_comparison(reference.graph(), candidate, needs_label)),
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
                       const Console& console, const std::string& label, Contract contract,
                       bool needs_label) {
  return StageChecker(reference, candidate, contract, needs_label).run(topk, console, label);
}

std::optional<report::Effect> effect_report(const StageCheck& check) {
  if (!check.effect) return {};
  const Effect& effect = *check.effect;
  return report::Effect{effect.activations,
                        effect.changed,
                        effect.labels,
                        effect.labels_changed,
                        accuracy_summary(effect.before),
                        accuracy_summary(check.accuracy)};
}

std::string place_text(const Difference& difference) {
  std::string place = fmt::format("image {}", difference.image);
  if (difference.channel) place += fmt::format(", channel {}", *difference.channel);
  if (difference.row) place += fmt::format(", row {}", *difference.row);
  if (difference.column) place += fmt::format(", column {}", *difference.column);
  if (!difference.channel) place += fmt::format(", element {}", difference.element);
  return place;
}

std::string difference_text(const Difference& difference) {
  return fmt::format("checkpoint '{}', node '{}', {}: expected {}, got {}",
                     printable(difference.checkpoint), printable(difference.node),
                     place_text(difference), difference.expected, difference.got);
}

report::Comparison comparison_report(const StageCheck& check) {
  report::Comparison report;
  report.verdict = check.judgement.verdict;
  report.reason = check.judgement.reason;
  report.images = check.tally.images;
  report.predicted = check.tally.predicted();
  report.compared = check.tally.compared();
  report.differing = check.tally.differing();
  report.canaries = check.tally.canaries;
  for (std::size_t i = 0; i < check.plan.checkpoints.size(); ++i)
    report.checkpoints.push_back(
        checkpoint_report(check.plan.checkpoints[i], check.tally.checkpoints[i]));
  report.unexpected = check.plan.unexpected;
  if (const Difference* first = check.tally.first()) report.first_difference = *first;
  return report;
}

}  // namespace assay
