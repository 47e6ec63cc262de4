// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/check/check.h"
#include "harness/check/float_comparison.h"
#include "harness/report/recorded.h"

namespace assay {

/// The float reference against the exact one on the imported network.
struct FloatReport {
  report::FloatReference report;
  std::optional<Accuracy> accuracy;
  Judgement judgement;  ///< EQUIVALENT: every difference is explained by float32 rounding
};

/// Runs the float reference on every image and counts, per checkpoint with integers, how many
/// differ from the exact ones, and how many labels change.
FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console);

/// What the float reference observes.
FloatObservation float_observation(const Graph& graph, const FloatImage& image);

std::vector<report::ChangedLabel> changed_labels(const FloatComparison& comparison);
std::optional<double> finite(double value);  ///< nothing unless finite

}  // namespace assay
