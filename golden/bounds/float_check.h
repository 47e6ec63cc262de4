// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "golden/bounds/float_error.h"
#include "golden/bounds/level_range.h"
#include "golden/exact/executor.h"
#include "golden/floating/executor.h"

namespace assay {

/// One activation that a float32 evaluation decided otherwise than exact arithmetic does on the
/// same inputs of its stretch.
struct FloatDifference {
  std::string checkpoint;
  std::int64_t element = 0;         ///< row-major
  std::int64_t exact = 0, got = 0;  ///< integers
  double value = 0;                 ///< the quantiser's exact input
  double slack = 0;  ///< how far float32 rounding can move the decision, in units of that input
  bool explained = false;  ///< an input within the slack quantises to `got`
};

/// How the observed activations of one checkpoint were decided.
struct FloatDecisions {
  std::int64_t compared = 0;
  std::int64_t differing = 0;
  std::int64_t explained = 0;  ///< of them, proved to be float32 roundings at a decision boundary
};

/// The logits of a float32 evaluation against the exact ones on the activations that it had.
struct FloatLogits {
  struct Outlier {
    std::int64_t element = 0;
    double exact = 0, got = 0;
    double bound = 0;  ///< the largest distance that float32 rounding explains
  };
  std::int64_t compared = 0;
  std::int64_t outliers = 0;  ///< farther from the exact logit than float32 rounding explains
  double largest_error = 0;   ///< distance of a logit from the exact one
  double largest_bound = 0;   ///< may be infinite
  std::optional<Outlier> first;
};

struct FloatCheck {
  std::int64_t compared = 0;   ///< activations
  std::int64_t differing = 0;  ///< all differences
  std::int64_t explained = 0;  ///< of them, proved to be float32 roundings at a decision boundary
  std::map<std::string, FloatDecisions> checkpoints;  ///< the same counts one by one
  std::vector<FloatDifference>
      differences;  ///< the first kMaxListed of them, unexplained ones first
  /// Set when a label was given that is not the exact one on these activations: whether logits
  /// within their float32 error bounds give it.
  std::optional<bool> label_explained;
  std::optional<FloatLogits> logits;  ///< set when logits were given

  bool all_explained() const {
    return explained == differing && label_explained.value_or(true) &&
           (!logits || logits->outliers == 0);
  }
  static constexpr std::size_t kMaxListed = 20;
  /// Behind so many unexplained differences there is no rounding to be found; the rest is not
  /// proved either way and counts as unexplained.
  static constexpr std::int64_t kMaxUnexplained = 1000;
};

/// Tells float32 rounding from error. The network is checked stretch by stretch: exact arithmetic
/// starts at each activation quantiser from the integers that the float32 evaluation itself had, so
/// a difference is always one decision, made on one sum, and must be within the proved float32
/// error of that sum. Holds for every order of summation and for fused multiply-add, so evaluations
/// by other runtimes can be checked too. An activation that was not observed is computed, and how
/// far float32 may be off there counts in the bounds behind it: wide ones, where that can change
/// it.
class FloatChecker {
 public:
  /// Both must outlive the checker; `exact` executes `graph`.
  FloatChecker(const Graph& graph, const ExactExecutor& exact);

  /// `observed`: the integers of the float32 evaluation per activation checkpoint; UserError when
  /// one is of another size. `inputs` is the same image for both executors; `label` is what the
  /// float32 evaluation answered and `logits` its logits, if they are to be checked: those of the
  /// only logits checkpoint, else of the first output.
  FloatCheck check(const std::vector<ExactInputData>& exact_inputs,
                   const std::vector<FloatTensor>& inputs,
                   const FloatErrorBounds::Integers& observed,
                   std::optional<std::int64_t> label = {},
                   std::span<const double> logits = {}) const;

 private:
  struct Answer {
    const ExactValue* value;
    const Tensor* tensor;
  };
  Answer answer(const ExactRun& run) const;
  static FloatDifference explain(FloatDifference difference, const Checkpoint& checkpoint,
                                 LevelRanges& ranges);
  const Graph& graph_;
  const ExactExecutor& exact_;
  FloatErrorBounds bounds_;
};

/// Whether a checkpoint's tensor holds its reals as they are, in its order of axes: not in stages
/// that carry integers.
bool carries_reals(const Checkpoint& checkpoint);

}  // namespace assay
