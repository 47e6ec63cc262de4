// SPDX-License-Identifier: Apache-2.0
#include "golden/data/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compile/base/error.h"

namespace assay {
namespace {

void check_ranked(std::int64_t image, std::span<const std::int64_t> ranked, std::int64_t classes) {
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    if (ranked[i] < 0 || ranked[i] >= classes)
      user_error("image {}: the network gives label {}, but it has {} classes", image, ranked[i],
                 classes);
    if (std::find(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(i), ranked[i]) !=
        ranked.begin() + static_cast<std::ptrdiff_t>(i))
      user_error("image {}: the network gives label {} twice among its best", image, ranked[i]);
  }
}

void check_finite(std::int64_t image, std::span<const double> logits) {
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](double v) { return !std::isfinite(v); });
  if (bad != logits.end())
    user_error("image {}: logit {} is {}; the network must give finite values", image,
               bad - logits.begin(), *bad);
}

}  // namespace

std::vector<std::int64_t> rank_logits(std::span<const double> values, std::int64_t k) {
  ASSAY_INVARIANT(k >= 1 && k <= static_cast<std::int64_t>(values.size()), "k outside the logits");
  for (const double value : values) {
    if (std::isnan(value)) user_error("a logit is NaN, so the labels have no order");
  }
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + k, order.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      const double x = values[static_cast<std::size_t>(a)];
                      const double y = values[static_cast<std::size_t>(b)];
                      return x != y ? x > y : a < b;
                    });
  order.resize(static_cast<std::size_t>(k));
  return order;
}

double cross_entropy(std::span<const double> logits, std::int64_t label) {
  ASSAY_INVARIANT(label >= 0 && label < static_cast<std::int64_t>(logits.size()),
                  "label outside the logits");
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) + (largest - logits[static_cast<std::size_t>(label)]);
}

double Accuracy::top1() const {
  return static_cast<double>(top1_correct) / static_cast<double>(compared);
}

double Accuracy::top_k() const {
  return static_cast<double>(top_k_correct) / static_cast<double>(compared);
}

std::optional<double> Accuracy::class_accuracy(std::int64_t label) const {
  ASSAY_INVARIANT(label >= 0 && label < classes, "label outside the classes");
  const auto index = static_cast<std::size_t>(label);
  if (class_images[index] == 0) return std::nullopt;
  return static_cast<double>(class_correct[index]) / static_cast<double>(class_images[index]);
}

AccuracyCounter::AccuracyCounter(std::int64_t classes, std::int64_t k) : classes_(classes), k_(k) {
  ASSAY_INVARIANT(k >= 1 && k <= classes, "top-k needs 1 <= k <= classes");
}

void AccuracyCounter::add(std::int64_t image, std::int64_t label,
                          std::span<const std::int64_t> ranked, std::span<const double> logits) {
  const auto best_end = ranked.begin() + k_;
  ASSAY_INVARIANT(static_cast<std::int64_t>(ranked.size()) >= k_, "fewer ranked labels than k");
  ASSAY_INVARIANT(logits.empty() || static_cast<std::int64_t>(logits.size()) == classes_,
                  "one logit per class");
  if (label < 0 || label >= classes_)
    user_error("image {} has label {}, but the network has {} classes; is it the right data set?",
               image, label, classes_);
  check_ranked(image, ranked, classes_);
  check_finite(image, logits);
  Record record{
      image, label, ranked[0], std::find(ranked.begin(), best_end, label) != best_end, {}};
  if (!logits.empty()) record.loss = cross_entropy(logits, label);
  records_.push_back(record);
}

void AccuracyCounter::add(std::int64_t image, std::int64_t label, std::span<const double> logits) {
  ASSAY_INVARIANT(static_cast<std::int64_t>(logits.size()) == classes_, "one logit per class");
  check_finite(image, logits);
  add(image, label, rank_logits(logits, k_), logits);
}

void AccuracyCounter::merge(const AccuracyCounter& other) {
  ASSAY_INVARIANT(classes_ == other.classes_ && k_ == other.k_, "counters of different networks");
  const std::vector<Record> taken = other.records_;
  records_.insert(records_.end(), taken.begin(), taken.end());
}

Accuracy AccuracyCounter::finish(std::int64_t predicted) const {
  if (records_.empty()) user_error("no image was compared, so there is no accuracy to state");
  std::vector<Record> records = records_;
  // By image: the sum of the losses is then the same however the images were shared out.
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.image < b.image; });
  Accuracy result;
  result.classes = classes_;
  result.k = k_;
  result.predicted = predicted;
  result.compared = static_cast<std::int64_t>(records.size());
  result.class_images.resize(static_cast<std::size_t>(classes_));
  result.class_correct.resize(static_cast<std::size_t>(classes_));
  result.confusion.resize(static_cast<std::size_t>(classes_ * classes_));
  double loss = 0;
  bool has_loss = true;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    ASSAY_INVARIANT(i == 0 || record.image != records[i - 1].image, "an image was counted twice");
    const bool correct = record.best == record.label;
    result.top1_correct += correct ? 1 : 0;
    result.top_k_correct += record.in_top_k ? 1 : 0;
    ++result.class_images[static_cast<std::size_t>(record.label)];
    result.class_correct[static_cast<std::size_t>(record.label)] += correct ? 1 : 0;
    ++result.confusion[static_cast<std::size_t>(record.label * classes_ + record.best)];
    if (!correct) result.misclassified.push_back({record.image, record.label, record.best});
    has_loss = has_loss && record.loss.has_value();
    loss += record.loss.value_or(0);
  }
  if (has_loss) result.mean_loss = loss / static_cast<double>(result.compared);
  return result;
}

void ErrorCounter::add(double value, double target) {
  if (!std::isfinite(value) || !std::isfinite(target))
    user_error("an output of {} was compared with a target of {}", value, target);
  const double error = std::abs(value - target);
  absolute_ += error;
  square_ += error * error;
  largest_ = std::max(largest_, error);
  least_target_ = compared_ == 0 ? target : std::min(least_target_, target);
  most_target_ = compared_ == 0 ? target : std::max(most_target_, target);
  ++compared_;
  const double range = most_target_ - least_target_;
  if (!std::isfinite(square_) || !std::isfinite(range * range))
    user_error(
        "an output of {} with a target of {} makes squares beyond float64: scale targets and "
        "outputs down",
        value, target);
}

double ErrorCounter::mean_absolute() const {
  ASSAY_INVARIANT(compared_ > 0, "nothing was compared");
  return absolute_ / static_cast<double>(compared_);
}

double ErrorCounter::mean_square() const {
  ASSAY_INVARIANT(compared_ > 0, "nothing was compared");
  return square_ / static_cast<double>(compared_);
}

std::optional<double> ErrorCounter::psnr() const {
  const double peak = most_target_ - least_target_, noise = mean_square();
  if (peak <= 0 || noise <= 0) return {};
  return 10 * std::log10(peak * peak / noise);
}

}  // namespace assay
