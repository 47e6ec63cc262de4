// SPDX-License-Identifier: Apache-2.0
#include "harness/check/check.h"

#include <numeric>
#include <set>

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
      results_(images.size(), kKeptBytes, [this](std::int64_t image) {
        return of_image(images_.first + image,
                        [&] { return executor_.run(images_.set.values(image)); });
      }) {}

const std::vector<Answer>& Reference::answers() {
  if (answers_) return *answers_;
  const std::optional<AnswerSource> source = answer_source(graph_);
  answers_.emplace(source ? static_cast<std::size_t>(images_.size()) : 0);
  if (source)
    for_each_image(images_.size(), [&](std::int64_t image) {
      ImageResult scratch;
      answers_->at(static_cast<std::size_t>(image)) = exact_answer(*source, result(image, scratch));
    });
  return *answers_;
}

namespace {

std::vector<std::int64_t> all_images(std::int64_t count) {
  std::vector<std::int64_t> images(static_cast<std::size_t>(count));
  std::iota(images.begin(), images.end(), 0);
  return images;
}

/// Compares one candidate with the reference, image by image.
class StageChecker {
 public:
  /// `chosen`: the images, by their places.
  StageChecker(Reference& reference, const Graph& candidate, Contract contract, bool needs_label,
               std::vector<std::int64_t> chosen)
      : reference_(reference),
        candidate_(candidate),
        images_(reference.images()),
        chosen_(std::move(chosen)),
        approximate_(contract == Contract::kApproximate),
        plan_(plan_comparison(reference.graph(), candidate, needs_label)),
        source_(answer_source(candidate)),
        executor_(candidate, split_images(std::ssize(chosen_))),
        tallies_(chosen_.size()),
        answers_(source_ ? tallies_.size() : 0) {
    if (approximate_ && source_) reference_source_ = answer_source(reference.graph());
    if (reference_source_) reference_answers_.resize(tallies_.size());
  }

  StageCheck run(std::int64_t topk, const Console& console, const std::string& label) {
    Progress progress(console, label, std::ssize(chosen_));
    for_each_image(std::ssize(chosen_), [&](std::int64_t at) {
      compare(static_cast<std::size_t>(at));
      progress.tick();
    });
    StageCheck check = judged(approximate_ ? judge_approximate : judge);
    if (source_)
      check.accuracy = count_accuracy(*source_, images_.set, images_.first, answers_, topk);
    if (approximate_) check.effect = effect(check.tally, topk);
    check.plan = std::move(plan_);
    return check;
  }

  /// Of the chosen images alone.
  StageCheck look() {
    for_each_image(std::ssize(chosen_),
                   [&](std::int64_t at) { compare(static_cast<std::size_t>(at)); });
    return judged(judge);
  }

  StageCheck sample(std::int64_t topk) {
    StageCheck check = look();
    if (check.judgement.verdict == Verdict::kEquivalent) {
      extend(check.tally);
      check.judgement = judge(plan_, check.tally);
      check.accuracy = agreed_accuracy(topk);
    }
    check.plan = std::move(plan_);
    return check;
  }

 private:
  template <typename Judge>
  StageCheck judged(const Judge& judge_tally) const {
    StageCheck check;
    check.tally = sum_tallies(plan_, tallies_);
    check.tally.canaries = canaries_;
    check.judgement = judge_tally(plan_, check.tally);
    return check;
  }

  void compare(std::size_t at) {
    const std::int64_t image = chosen_[at];
    ImageResult scratch;
    const ImageResult& expected = reference_.result(image, scratch);
    const ImageResult got =
        of_image(images_.first + image, [&] { return executor_.run(images_.set.values(image)); });
    tallies_[at] = compare_image(plan_, images_.first + image, expected, got);
    if (source_) answers_[at] = exact_answer(*source_, got);
    if (reference_source_) reference_answers_[at] = exact_answer(*reference_source_, expected);
    if (image == 0) plant(expected, got);
  }

  /// As many of all images as of the chosen ones; nothing differs.
  void extend(ComparisonTally& tally) const {
    for (CheckpointTally& checkpoint : tally.checkpoints)
      for (std::int64_t* count : {&checkpoint.predicted, &checkpoint.compared})
        *count = *count / tally.images * images_.size();
    tally.images = images_.size();
  }

  /// The candidate's accuracy once it is known to answer as the reference does.
  std::optional<Accuracy> agreed_accuracy(std::int64_t topk) {
    if (!source_) return {};
    std::vector<Answer> answers = reference_.answers();
    const auto ranks = static_cast<std::size_t>(source_->ranks);
    for (Answer& answer : answers) {
      if (!source_->logits) answer.logits.clear();
      if (answer.ranked.size() > ranks) answer.ranked.resize(ranks);
    }
    if (answers.empty() || answers[0].ranked.size() < ranks) return {};
    return count_accuracy(*source_, images_.set, images_.first, answers, topk);
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
  std::vector<std::int64_t> chosen_;
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
  return StageChecker(reference, candidate, contract, needs_label,
                      all_images(reference.images().size()))
      .run(topk, console, label);
}

StageCheck sample_stage(Reference& reference, const Graph& candidate, std::int64_t topk,
                        const std::vector<std::int64_t>& images, bool needs_label) {
  return StageChecker(reference, candidate, Contract::kExact, needs_label, images).sample(topk);
}

Judgement compare_images(Reference& reference, const Graph& candidate, std::int64_t count,
                         bool needs_label) {
  return StageChecker(reference, candidate, Contract::kExact, needs_label, all_images(count))
      .look()
      .judgement;
}

std::vector<std::int64_t> sampled_images(std::int64_t count, const std::string& seed) {
  constexpr std::int64_t kSampled = 4;
  constexpr std::size_t kDigits = 8;  // of the seed, for each image
  if (count <= kSampled) return all_images(count);
  std::set<std::int64_t> images = {0, count - 1};
  for (std::size_t at = 0; std::ssize(images) < kSampled && at + kDigits <= seed.size();
       at += kDigits)
    images.insert(std::stoll(seed.substr(at, kDigits), nullptr, 16) % count);
  return {images.begin(), images.end()};
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
