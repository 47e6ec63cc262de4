// SPDX-License-Identifier: Apache-2.0
#include "harness/check/float_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace assay {

FloatTally& FloatTally::operator+=(const FloatTally& other) {
  images += other.images;
  compared += other.compared;
  differing += other.differing;
  images_differing += other.images_differing;
  decisions_differing += other.decisions_differing;
  decisions_explained += other.decisions_explained;
  return *this;
}

FloatTally FloatComparison::total() const {
  FloatTally sum;
  for (const FloatTally& tally : checkpoints) sum += tally;
  return sum;
}

bool FloatComparison::explained() const {
  return total().unexplained() == 0 && labels_unexplained == 0 && logits.outliers == 0;
}

FloatComparer::FloatComparer(Reference& reference)
    : reference_(reference),
      graph_(reference.graph()),
      source_(answer_source(graph_)),
      feed_(graph_),
      checker_(graph_, reference.executor()) {}

FloatComparison FloatComparer::compare(const FloatSource& source, const Console& console) {
  std::vector<ImageCount> counts(static_cast<std::size_t>(source.images));
  Progress progress(console, source.name, source.images);
  for_each_image(source.images, [&](std::int64_t image) {
    counts[static_cast<std::size_t>(image)] =
        of_image(reference_.images().first + image, [&] { return count(image, source); });
    progress.tick();
  });
  return sum(std::move(counts));
}

FloatCheck FloatComparer::check(std::int64_t image, const FloatObservation& observed,
                                bool logits) const {
  std::map<std::string, std::vector<std::int64_t>> integers;
  for (std::size_t place = 0; place < observed.integers.size(); ++place)
    if (observed.integers[place])
      integers[graph_.checkpoints()[place].name] = observed.integers[place]->unpacked();
  std::optional<std::int64_t> label;
  std::vector<double> values;
  if (observed.answer && source_ && source_->logits) {
    label = observed.answer->ranked.at(0);
    if (logits) values = observed.answer->logits;
  }
  const auto pixels = reference_.images().set.values(image);
  return checker_.check(exact_inputs(feed_, pixels), float_inputs(graph_, feed_, pixels), integers,
                        label, values);
}

FloatComparer::ImageCount FloatComparer::count(std::int64_t image, const FloatSource& source) {
  const FloatObservation observed = source.observe(image);
  ImageResult scratch;
  const ImageResult& exact = reference_.result(image, scratch);
  ImageCount count;
  for (std::size_t place = 0; place < observed.integers.size(); ++place) {
    FloatTally& tally = count.checkpoints.emplace_back();
    if (!observed.integers[place]) continue;
    const PackedInts &got = *observed.integers[place], &expected = exact.at(place).value().q;
    tally.images = 1;
    tally.compared = static_cast<std::int64_t>(got.size());
    for (std::size_t i = 0; i < got.size(); ++i) tally.differing += got[i] != expected[i] ? 1 : 0;
    tally.images_differing = tally.differing > 0 ? 1 : 0;
  }
  bool differs = std::ranges::any_of(count.checkpoints,
                                     [](const FloatTally& tally) { return tally.differing > 0; });
  if (observed.answer && source_) {
    count.answer = observed.answer;
    count_answer(count, exact_answer(*source_, exact));
    differs = differs || *count.exact_label != count.answer->ranked.at(0) || source.check_logits;
  }
  if (!differs) return count;
  const bool activations =
      std::ranges::any_of(observed.integers, [](const auto& q) { return q.has_value(); });
  if (activations || !source.guess)
    count.check = check(image, observed, source.check_logits);
  else
    prove_answer(count, image, observed, exact, source);
  return count;
}

/// Without the activations behind them logits are explained where any activations that rounding
/// allows give them: those of the exact reference, else those guessed. Otherwise bounds over the
/// whole network can still tell an error, but they are too wide to explain anything.
void FloatComparer::prove_answer(ImageCount& count, std::int64_t image,
                                 const FloatObservation& observed, const ImageResult& exact,
                                 const FloatSource& source) const {
  FloatObservation likely = observed;
  for (std::size_t place = 0; place < likely.integers.size(); ++place)
    if (graph_.checkpoints()[place].kind == Checkpoint::Kind::kActivation)
      likely.integers[place] = exact.at(place).value().q;
  const auto explained = [&] {
    count.check = check(image, likely, source.check_logits);
    count.check->checkpoints.clear();  // nobody observed them
    return count.check->all_explained();
  };
  if (explained()) return;
  likely.integers = source.guess(image).integers;
  if (explained()) return;
  count.check = check(image, observed, source.check_logits);
  count.undecided = count.check->all_explained();
}

void FloatComparer::count_answer(ImageCount& count, const Answer& exact) const {
  count.exact_label = exact.ranked.at(0);
  for (std::size_t i = 0; i < exact.logits.size(); ++i)
    count.logit_error =
        std::max(count.logit_error, std::abs(exact.logits[i] - count.answer->logits.at(i)));
}

FloatComparison FloatComparer::sum(std::vector<ImageCount> counts) const {
  FloatComparison sum;
  sum.checkpoints.resize(graph_.checkpoints().size());
  if (source_ && source_->logits) sum.largest_logit_error = 0.0;
  std::int64_t image = reference_.images().first;
  for (ImageCount& count : counts) {
    for (std::size_t place = 0; place < count.checkpoints.size(); ++place)
      sum.checkpoints[place] += count.checkpoints[place];
    if (count.check) add_check(sum, image, count);
    if (count.answer) {
      const std::int64_t got = count.answer->ranked.at(0);
      ++sum.labels_compared;
      if (got != *count.exact_label) sum.changed_labels.push_back({image, *count.exact_label, got});
      if (sum.largest_logit_error)
        sum.largest_logit_error = std::max(*sum.largest_logit_error, count.logit_error);
      sum.answers.push_back(std::move(*count.answer));
    }
    ++image;
  }
  return sum;
}

void FloatComparer::add_check(FloatComparison& sum, std::int64_t image,
                              const ImageCount& count) const {
  const FloatCheck& check = *count.check;
  for (std::size_t place = 0; place < sum.checkpoints.size(); ++place) {
    const auto it = check.checkpoints.find(graph_.checkpoints()[place].name);
    if (it == check.checkpoints.end()) continue;
    sum.checkpoints[place].decisions_differing += it->second.differing;
    sum.checkpoints[place].decisions_explained += it->second.explained;
  }
  for (const FloatDifference& difference : check.differences)
    if (!difference.explained && sum.unexplained.size() < FloatComparison::kListed)
      sum.unexplained.push_back({image, difference});
  if (!check.label_explained.value_or(true)) ++sum.labels_unexplained;
  if (!check.logits) return;
  sum.logits.compared += check.logits->compared;
  sum.logits.outliers += check.logits->outliers;
  if (!sum.first_outlier && check.logits->first)
    sum.first_outlier = FloatComparison::Outlier{image, *check.logits->first};
  if (count.undecided) {  // and what may be is no measure
    sum.undecided.push_back(image);
    return;
  }
  sum.logits.largest_error = std::max(sum.logits.largest_error, check.logits->largest_error);
  sum.logits.largest_bound = std::max(sum.logits.largest_bound, check.logits->largest_bound);
}

}  // namespace assay
