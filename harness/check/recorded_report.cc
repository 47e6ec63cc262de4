// SPDX-License-Identifier: Apache-2.0
#include "harness/check/recorded_report.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/check/float_report.h"

namespace assay {
namespace {

/// What the network has, whatever the folder holds.
struct Wanted {
  std::vector<std::size_t> activations;  ///< places of checkpoints
  std::vector<std::int64_t> elements;    ///< of each, per image
  std::optional<std::size_t> logits;
};

Wanted wanted_of(const Graph& graph) {
  Wanted wanted;
  for (std::size_t place = 0; place < graph.checkpoints().size(); ++place) {
    const Checkpoint& checkpoint = graph.checkpoints()[place];
    if (checkpoint.kind != Checkpoint::Kind::kActivation) continue;
    wanted.activations.push_back(place);
    wanted.elements.push_back(element_count(checkpoint.shape()));
  }
  if (const auto source = answer_source(graph)) wanted.logits = source->logits;
  return wanted;
}

/// "3 of 80 logits", where any is among them.
void add_part(std::vector<std::string>& parts, std::int64_t count, std::int64_t of,
              const char* what) {
  if (count > 0) parts.push_back(fmt::format("{} of {} {}", grouped(count), grouped(of), what));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

class RecordedCheck {
 public:
  RecordedCheck(Reference& reference, const Recording& recording)
      : reference_(reference),
        graph_(reference.graph()),
        recording_(recording),
        wanted_(wanted_of(graph_)),
        comparer_(reference) {}

  RecordedReport run(const Console& console) {
    const FloatPixels floats(graph_);
    const auto guess = [&](std::int64_t image) {
      return float_observation(graph_, floats.run(reference_.images().set.values(image)));
    };
    comparison_ =
        comparer_.compare({.name = "recorded images",
                           .images = recording_.images(),
                           .observe = [this](auto image) { return recording_.observation(image); },
                           .check_logits = true,
                           .guess = guess},
                          console);
    plant_faults();
    RecordedReport report;
    report.judgement = judge(comparison_, canaries_);
    report.report = record(report.judgement);
    return report;
  }

 private:
  /// Images that every activation should be compared on.
  std::int64_t activation_images() const {
    return recording_.images_with_activations() > 0 ? recording_.images_with_activations()
                                                    : recording_.images();
  }

  std::int64_t predicted() const {
    std::int64_t sum = 0;
    for (const std::int64_t elements : wanted_.elements) sum += elements * activation_images();
    return sum;
  }

  std::int64_t predicted_logits() const {
    if (!wanted_.logits || !recording_.logits()) return 0;
    return std::ssize(recording_.logits()->images) *
           element_count(graph_.checkpoints()[*wanted_.logits].shape());
  }

  std::vector<std::string> not_recorded() const {
    std::vector<std::string> names;
    for (const std::size_t place : wanted_.activations)
      if (!recording_.activation(place)) names.push_back(graph_.checkpoints()[place].name);
    if (wanted_.logits && !recording_.logits())
      names.push_back(graph_.checkpoints()[*wanted_.logits].name);
    return names;
  }

  Judgement judge(const FloatComparison& comparison, const Canaries& canaries) const {
    if (!comparison.explained()) return {Verdict::kDifferent, difference_reason(comparison)};
    if (auto reason = gap(comparison, canaries))
      return {Verdict::kInconclusive, std::move(*reason)};
    const FloatTally total = comparison.total();
    std::string reason =
        fmt::format("{} of {} recorded activations differ on {} images; ", grouped(total.differing),
                    grouped(total.compared), grouped(activation_images()));
    if (total.differing > 0)
      reason += fmt::format("the {} that were decided otherwise are all proved float32 roundings; ",
                            grouped(total.decisions_differing));
    reason += comparison.logits.compared > 0
                  ? fmt::format("{} recorded logits are within what float32 rounding explains",
                                grouped(comparison.logits.compared))
                  : "the network has no logits";
    return {Verdict::kEquivalent, std::move(reason)};
  }

  static std::string difference_reason(const FloatComparison& comparison) {
    std::vector<std::string> parts;
    const FloatTally total = comparison.total();
    add_part(parts, total.unexplained(), total.compared, "recorded activations");
    add_part(parts, comparison.logits.outliers, comparison.logits.compared, "recorded logits");
    add_part(parts, comparison.labels_unexplained, comparison.labels_compared, "recorded labels");
    std::string text = "float32 rounding does not explain " + joined(parts);
    if (!comparison.unexplained.empty())
      text += fmt::format(", first at checkpoint '{}'",
                          printable(comparison.unexplained[0].difference.checkpoint));
    return text;
  }

  /// Why the comparison does not cover everything, or nothing.
  std::optional<std::string> gap(const FloatComparison& comparison,
                                 const Canaries& canaries) const {
    if (recording_.images() < 1) return "no image was compared";
    if (const auto names = not_recorded(); !names.empty())
      return fmt::format("not recorded: {} of {} checkpoints", names.size(),
                         wanted_.activations.size() + (wanted_.logits ? 1 : 0));
    for (std::size_t i = 0; i < wanted_.activations.size(); ++i) {
      const std::int64_t compared = comparison.checkpoints[wanted_.activations[i]].compared,
                         expected = wanted_.elements[i] * activation_images();
      if (compared != expected || expected < 1)
        return fmt::format("{} of {} predicted elements were compared at checkpoint '{}'", compared,
                           expected, printable(graph_.checkpoints()[wanted_.activations[i]].name));
    }
    if (const std::int64_t expected = predicted_logits(); comparison.logits.compared != expected)
      return fmt::format("{} of {} predicted logits were compared", comparison.logits.compared,
                         expected);
    if (!comparison.undecided.empty())
      return fmt::format(
          "the logits of {} images differ as if activations had been decided otherwise; record the "
          "activations of these images too, or choose others",
          comparison.undecided.size());
    if (wanted_.activations.empty() && !wanted_.logits) return "no checkpoint was compared";
    if (canaries.planted < 1 || canaries.caught != canaries.planted)
      return fmt::format("the comparison caught {} of {} planted faults", canaries.caught,
                         canaries.planted);
    return {};
  }

  // ---- Planted faults

  void plant_faults() {
    const FloatObservation clean = exact_observation();
    std::vector<char> caught(wanted_.activations.size());
    for_each_image(std::ssize(caught), [&](std::int64_t i) {
      const std::size_t place = wanted_.activations[static_cast<std::size_t>(i)];
      if (clean.integers.at(place))
        caught[static_cast<std::size_t>(i)] = catches_levels(clean, place) ? 1 : 0;
    });
    for (std::size_t i = 0; i < caught.size(); ++i)
      if (clean.integers.at(wanted_.activations[i])) count(caught[i] != 0);
    if (clean.answer) plant_logits(clean, comparer_.check(0, clean, true).logits.value());
    FloatComparison empty = comparison_;
    empty.checkpoints.assign(empty.checkpoints.size(), {});
    empty.logits = {};
    count(judge(empty, {1, 1}).verdict != Verdict::kEquivalent);
  }

  /// The first image as if it had been recorded without any rounding, as far as it was recorded.
  FloatObservation exact_observation() const {
    FloatObservation observed = recording_.observation(0);
    ImageResult scratch;
    const ImageResult& exact = reference_.result(0, scratch);
    for (std::size_t place = 0; place < observed.integers.size(); ++place)
      if (observed.integers[place]) observed.integers[place] = exact.at(place).value().q;
    if (observed.answer) observed.answer = exact_answer(*answer_source(graph_), exact);
    return observed;
  }

  void count(bool caught) {
    ++canaries_.planted;
    canaries_.caught += caught ? 1 : 0;
  }

  /// Another level at both ends. The few elements that lie at a decision boundary really may have
  /// either, so there the next ones are taken.
  bool catches_levels(const FloatObservation& clean, std::size_t place) const {
    constexpr std::size_t kTries = 8;
    const Checkpoint& checkpoint = graph_.checkpoints()[place];
    const std::vector<std::int64_t> q = clean.integers[place]->unpacked();
    for (std::size_t i = 0; i < std::min(kTries, q.size()); ++i) {
      FloatObservation faulty = clean;
      std::vector<std::int64_t> planted = q;
      const std::size_t last = q.size() - 1 - i;
      planted[i] = other_level(q, i, checkpoint.dtype);
      if (last != i) planted[last] = other_level(q, last, checkpoint.dtype);
      faulty.integers[place] = PackedInts(planted);
      const FloatCheck check = comparer_.check(0, faulty, false);
      const FloatDecisions& found = check.checkpoints.at(checkpoint.name);
      if (found.differing != (last != i ? 2 : 1)) return false;
      if (found.explained == 0) return true;
    }
    return false;
  }

  /// The level farthest away among those that the checkpoint is known to have.
  static std::int64_t other_level(const std::vector<std::int64_t>& q, std::size_t element,
                                  const DataType& type) {
    const auto [least, most] = std::ranges::minmax_element(q);
    const std::int64_t level = q[element];
    if (*least != *most) return level - *least > *most - level ? *least : *most;
    if (type == DataType::bipolar()) return -level;
    return level < type.max() ? level + 1 : level - 1;
  }

  void plant_logits(const FloatObservation& clean, const FloatLogits& logits) {
    const std::size_t last = clean.answer->logits.size() - 1;
    for (const std::size_t element : {std::size_t{0}, last}) {
      FloatObservation faulty = clean;
      faulty.answer->logits[element] += 1 + 2 * logits.largest_bound + logits.largest_error;
      const bool finite = std::isfinite(faulty.answer->logits[element]);
      count(finite && comparer_.check(0, faulty, true).logits->outliers > logits.outliers);
    }
  }

  // ---- Report

  report::Recorded record(const Judgement& judgement) const {
    const FloatTally total = comparison_.total();
    report::Recorded report;
    report.verdict = judgement.verdict;
    report.reason = judgement.reason;
    report.files = recording_.identity();
    report.images = recording_.images();
    report.predicted = predicted();
    report.compared = total.compared;
    report.differing = total.differing;
    report.decisions_differing = total.decisions_differing;
    report.decisions_explained = total.decisions_explained;
    report.canaries = canaries_;
    report.checkpoints = checkpoints();
    report.not_recorded = not_recorded();
    report.unexplained = unexplained();
    report.logits = logits();
    report.labels_compared = comparison_.labels_compared;
    report.labels_changed = std::ssize(comparison_.changed_labels);
    report.labels_unexplained = comparison_.labels_unexplained;
    report.changed_labels = changed_labels(comparison_);
    report.accuracy = accuracy_summary(accuracy());
    return report;
  }

  std::vector<report::Recorded::Checkpoint> checkpoints() const {
    std::vector<report::Recorded::Checkpoint> list;
    for (std::size_t i = 0; i < wanted_.activations.size(); ++i) {
      const std::size_t place = wanted_.activations[i];
      const FloatTally& tally = comparison_.checkpoints[place];
      report::Recorded::Checkpoint& entry = list.emplace_back();
      entry.name = graph_.checkpoints()[place].name;
      if (const Recording::Activation* recorded = recording_.activation(place)) {
        entry.file = recorded->file;
        entry.recorded_as = recorded->reals ? "reals" : "integers";
      }
      entry.images = tally.images;
      entry.predicted = wanted_.elements[i] * activation_images();
      entry.compared = tally.compared;
      entry.differing = tally.differing;
      entry.images_differing = tally.images_differing;
      entry.decisions_differing = tally.decisions_differing;
      entry.decisions_explained = tally.decisions_explained;
    }
    return list;
  }

  std::vector<report::Recorded::Unexplained> unexplained() const {
    std::vector<report::Recorded::Unexplained> list;
    for (const auto& [image, found] : comparison_.unexplained) {
      const auto& all = graph_.checkpoints();
      const Checkpoint& checkpoint = *std::ranges::find(all, found.checkpoint, &Checkpoint::name);
      report::Recorded::Unexplained& entry = list.emplace_back();
      entry.checkpoint = found.checkpoint;
      if (const Node* node = checkpoint.tensor->producer) entry.node = node->name;
      entry.image = image;
      entry.element = found.element;
      entry.expected = std::to_string(found.exact);
      entry.got = std::to_string(found.got);
      locate(checkpoint.shape(), checkpoint.tensor->layout, entry);
      entry.value = finite(found.value);
      entry.slack = finite(found.slack);
    }
    return list;
  }

  std::optional<report::RecordedLogits> logits() const {
    if (!recording_.logits()) return {};
    const FloatLogits& found = comparison_.logits;
    report::RecordedLogits logits;
    logits.file = recording_.logits()->file;
    logits.images = std::ssize(recording_.logits()->images);
    logits.compared = found.compared;
    logits.unexplained = found.outliers;
    logits.undecided = comparison_.undecided;
    logits.largest_error = found.largest_error;
    logits.largest_bound = finite(found.largest_bound);
    if (const auto& outlier = comparison_.first_outlier)
      logits.first_unexplained = {outlier->image, outlier->logit.element, outlier->logit.exact,
                                  outlier->logit.got, finite(outlier->logit.bound)};
    return logits;
  }

  /// Of the recorded answers.
  std::optional<Accuracy> accuracy() const {
    const ChosenImages& images = reference_.images();
    if (comparison_.answers.empty() || images.set.labels.empty()) return {};
    const auto classes = static_cast<std::int64_t>(comparison_.answers[0].logits.size());
    AccuracyCounter counter(classes, 1);
    for (std::size_t i = 0; i < comparison_.answers.size(); ++i)
      counter.add(images.first + static_cast<std::int64_t>(i), images.set.labels[i],
                  comparison_.answers[i].logits);
    return counter.finish(static_cast<std::int64_t>(comparison_.answers.size()));
  }

  Reference& reference_;
  const Graph& graph_;
  const Recording& recording_;
  Wanted wanted_;
  FloatComparer comparer_;
  FloatComparison comparison_;
  Canaries canaries_;
};

constexpr std::size_t kShown = 3;

std::string unexplained_text(const report::Recorded::Unexplained& found) {
  std::string text =
      fmt::format("unexplained: checkpoint '{}', {}: expected {}, recorded {}",
                  printable(found.checkpoint), place_text(found), found.expected, found.got);
  if (found.value && found.slack)
    text += fmt::format("; {:.9g} is quantised, and float32 may move it by {:.3g}", *found.value,
                        *found.slack);
  return text + "\n";
}

std::string logits_text(const report::RecordedLogits& logits) {
  if (const auto& first = logits.first_unexplained)
    return fmt::format("unexplained: image {}, logit {}: expected {:.9g}, recorded {:.9g}\n",
                       first->image, first->element, first->exact, first->got);
  std::string text = fmt::format(
      "logits of {} images: at most {:.3g} from the exact sums of their activations; float32 "
      "explains {}\n",
      grouped(logits.images), logits.largest_error,
      logits.largest_bound ? fmt::format("up to {:.3g}", *logits.largest_bound)
                           : "nothing, as float32 may overflow");
  for (std::size_t i = 0; i < std::min(kShown, logits.undecided.size()); ++i)
    text += fmt::format("not recorded: the activations of image {}, whose logits differ\n",
                        logits.undecided[i]);
  return text;
}

std::string labels_text(const report::Recorded& recorded) {
  if (recorded.labels_compared == 0) return {};
  std::string text = fmt::format("labels: {} of {} differ", grouped(recorded.labels_changed),
                                 grouped(recorded.labels_compared));
  if (recorded.labels_unexplained != 0)
    text += fmt::format(", {} unexplained", grouped(recorded.labels_unexplained));
  if (const auto& accuracy = recorded.accuracy)
    text += fmt::format("; top-1 as recorded {} ({} of {})", percent(accuracy->top1),
                        grouped(accuracy->top1_correct), grouped(accuracy->compared));
  return text + "\n";
}

}  // namespace

RecordedReport compare_recorded(Reference& reference, const Recording& recording,
                                const Console& console) {
  try {
    return RecordedCheck(reference, recording).run(console);
  } catch (const UserError& error) {  // what the network cannot compute, or not bound
    user_error("--against: {}", error.what());
  }
}

std::string recorded_table(const report::Recorded& recorded) {
  std::vector<std::vector<std::string>> rows = {{"checkpoint", "recorded as", "images", "compared",
                                                 "differing", "decided otherwise", "roundings"}};
  for (const report::Recorded::Checkpoint& checkpoint : recorded.checkpoints)
    rows.push_back({printable(checkpoint.name), checkpoint.recorded_as.value_or("(not recorded)"),
                    grouped(checkpoint.images), grouped(checkpoint.compared),
                    grouped(checkpoint.differing), grouped(checkpoint.decisions_differing),
                    grouped(checkpoint.decisions_explained)});
  return table_text(rows);
}

std::string recorded_text(const report::Recorded& recorded) {
  std::string text = fmt::format(
      "recorded: {}: {}; {} of {} planted faults caught\n", verdict_name(recorded.verdict),
      recorded.reason, grouped(recorded.canaries.caught), grouped(recorded.canaries.planted));
  for (std::size_t i = 0; i < std::min(kShown, recorded.unexplained.size()); ++i)
    text += unexplained_text(recorded.unexplained[i]);
  if (recorded.logits) text += logits_text(*recorded.logits);
  text += labels_text(recorded);
  const std::vector<std::string>& missing = recorded.not_recorded;
  for (std::size_t i = 0; i < std::min(kShown, missing.size()); ++i)
    text += fmt::format("not recorded: checkpoint '{}'\n", printable(missing[i]));
  if (missing.size() > kShown)
    text += fmt::format("not recorded: {} more checkpoints\n", missing.size() - kShown);
  return text;
}

}  // namespace assay
