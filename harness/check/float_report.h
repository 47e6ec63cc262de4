// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "harness/check/check.h"
#include "harness/check/float_comparison.h"
#include "harness/report/json.h"

namespace assay {

/// The float reference against the exact one on the imported network.
struct FloatReport {
  Json json;  ///< as in docs/reports.md, "float_reference"
  std::optional<Accuracy> accuracy;
  Judgement judgement;  ///< EQUIVALENT: every difference is explained by float32 rounding
};

/// Runs the float reference on every image and counts, per checkpoint with integers, how many
/// differ from the exact ones, and how many labels change.
FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console);

/// What the float reference observes.
FloatObservation float_observation(const Graph& graph, const FloatImage& image);

Json changed_labels_json(const FloatComparison& comparison);
Json number_or_null(double value);  ///< null unless finite

}  // namespace assay
