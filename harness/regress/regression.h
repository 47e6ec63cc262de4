// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/regress/measurement.h"

namespace assay {

/// How a measurement stands against its baseline.
enum class Standing {
  kEqual,
  kImproved,   ///< nothing got worse and something better
  kRegressed,  ///< a verdict other than EQUIVALENT, a metric that got worse or was not measured
  kNew,        ///< no baseline, or metrics that it does not have
  kOther,      ///< the baseline is of another setup: another model, other images or options
  kFailed,     ///< it could not be measured, and there is no baseline that says it could
};
std::string_view standing_name(Standing standing);

/// A metric that differs from its baseline's. One side may be absent.
struct Change {
  std::string name, node;
  std::optional<std::int64_t> before, now;
  Standing standing = Standing::kEqual;
};

struct Comparison {
  Standing standing = Standing::kEqual;
  std::string text;  ///< one sentence
  std::vector<Change> changes;
};

Comparison compare_with_baseline(const Measurement& now, const std::optional<Measurement>& before);

/// "cycles of 'MVAU_0' 1,024 -> 2,048".
std::string change_text(const Change& change);

}  // namespace assay
