// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay {

/// The indices of the k largest values, largest first; equal values in order of their index.
/// UserError when a value is NaN. Aborts unless 1 <= k <= values.size().
std::vector<std::int64_t> rank_logits(std::span<const double> values, std::int64_t k);

/// log(sum_j exp(logits[j])) - logits[label], shifted by the largest logit so that it cannot
/// overflow. Aborts when label is outside the logits. The logits must be finite.
double cross_entropy(std::span<const double> logits, std::int64_t label);

struct Misclassified {
  std::int64_t image = 0;
  std::int64_t label = 0;
  std::int64_t predicted = 0;
  bool operator==(const Misclassified&) const = default;
};

/// How well a network labels images. Always over at least one image.
struct Accuracy {
  std::int64_t classes = 0;
  std::int64_t k = 0;          ///< top_k_correct counts labels among the k best
  std::int64_t predicted = 0;  ///< images that should have been counted
  std::int64_t compared = 0;   ///< images that were counted
  std::int64_t top1_correct = 0;
  std::int64_t top_k_correct = 0;
  std::optional<double> mean_loss;           ///< cross entropy in nats; absent without logits
  std::vector<std::int64_t> class_images;    ///< per label, how many images have it
  std::vector<std::int64_t> class_correct;   ///< per label, how many of them are right
  std::vector<std::int64_t> confusion;       ///< [label * classes + predicted label]
  std::vector<Misclassified> misclassified;  ///< by image

  /// Every image that should have been counted was; anything else proves nothing.
  bool complete() const { return compared == predicted; }
  double top1() const;  ///< top1_correct / compared
  double top_k() const;
  /// Absent for a label that no image has.
  std::optional<double> class_accuracy(std::int64_t label) const;
};

/// Collects results image by image. Several counters, say one per thread, merge into one; the
/// result depends neither on the order of the calls nor on how the images were shared out, to the
/// last bit.
class AccuracyCounter {
 public:
  /// Aborts unless 1 <= k <= classes.
  AccuracyCounter(std::int64_t classes, std::int64_t k);

  /// Counts one image. `ranked` holds its best labels, best first, at least k of them; `logits` one
  /// value per class, or none at all when the network gives labels alone. UserError when `label` is
  /// not one of the classes, a ranked label is not or occurs twice, or a logit is not finite.
  void add(std::int64_t image, std::int64_t label, std::span<const std::int64_t> ranked,
           std::span<const double> logits);

  /// Ranks the logits by rank_logits, then counts the image.
  void add(std::int64_t image, std::int64_t label, std::span<const double> logits);

  /// Takes over what `other` counted; both must have the same classes and k.
  void merge(const AccuracyCounter& other);

  /// The result over all images counted, of `predicted` that should have been. UserError when no
  /// image was counted; aborts when an image was counted twice.
  Accuracy finish(std::int64_t predicted) const;

 private:
  struct Record {
    std::int64_t image = 0;
    std::int64_t label = 0;
    std::int64_t best = 0;
    bool in_top_k = false;
    std::optional<double> loss;
  };

  std::int64_t classes_;
  std::int64_t k_;
  std::vector<Record> records_;
};

/// How far values are from what they should be.
class ErrorCounter {
 public:
  /// UserError when one of them is not finite, or the squares of errors and of the range of targets are
  /// beyond a double.
  void add(double value, double target);

  std::int64_t compared() const { return compared_; }
  // Aborts unless something was compared.
  double mean_absolute() const;
  double mean_square() const;
  double largest() const { return largest_; }
  /// Peak signal-to-noise ratio, 10 log10(peak^2 / mean square) in decibels, with the range of the
  /// targets as the peak; nothing where they are all the same or the values are the targets.
  std::optional<double> psnr() const;

 private:
  std::int64_t compared_ = 0;
  double absolute_ = 0, square_ = 0, largest_ = 0;
  double least_target_ = 0, most_target_ = 0;
};

}  // namespace assay
