// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "golden/exact_executor.h"
#include "golden/float_error.h"
#include "golden/float_executor.h"

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

struct FloatCheck {
  std::int64_t compared = 0;   ///< activations
  std::int64_t differing = 0;  ///< all differences
  std::int64_t explained = 0;  ///< of them, proved to be float32 roundings at a decision boundary
  std::vector<FloatDifference>
      differences;  ///< the first kMaxListed of them, unexplained ones first
  /// Set when a label was given that is not the exact one on these activations: whether logits
  /// within their float32 error bounds give it.
  std::optional<bool> label_explained;

  bool all_explained() const { return explained == differing && label_explained.value_or(true); }
  static constexpr std::size_t kMaxListed = 20;
};

/// Tells float32 rounding from error. The network is checked stretch by stretch: exact arithmetic
/// starts at each activation quantiser from the integers that the float32 evaluation itself had, so
/// a difference is always one decision, made on one sum, and must be within the proved float32
/// error of that sum. Holds for every order of summation and for fused multiply-add, so evaluations
/// by other runtimes can be checked too.
class FloatChecker {
 public:
  /// Both must outlive the checker; `exact` executes `graph`.
  FloatChecker(const Graph& graph, const ExactExecutor& exact);

  /// `observed`: the integers of the float32 evaluation per activation checkpoint; UserError when
  /// one is missing or of another size. `inputs` is the same image for both executors; `label` is
  /// what the float32 evaluation answered, if that is to be checked (one output, its largest
  /// logit).
  FloatCheck check(const std::vector<ExactInputData>& exact_inputs,
                   const std::vector<FloatTensor>& inputs,
                   const std::map<std::string, std::vector<std::int64_t>>& observed,
                   std::optional<std::int64_t> label = {}) const;

 private:
  const Graph& graph_;
  const ExactExecutor& exact_;
  FloatErrorBounds bounds_;
};

/// The integer that an activation checkpoint's quantiser gives for the exact input `x` at row-major
/// `element`, from the operator's definition. UserError for a checkpoint without a quantiser.
std::int64_t quantise_exactly(const Checkpoint& checkpoint, std::int64_t element, const Real& x);

}  // namespace assay
