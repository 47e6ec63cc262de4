// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/regress/measurement.h"
#include "harness/regress/suite.h"

namespace assay {

/// How a measurement stands against its baseline.
enum class Standing {
  kEqual,
  kImproved,   ///< nothing got worse and something better
  kTolerated,  ///< of something else that was run: worse, but within the tolerance
  kRegressed,  ///< a worse verdict, a metric that got worse or was not measured
  kNew,        ///< no baseline, or metrics that it does not have
  kOther,      ///< no worse, but on other images than the baseline: no pass, no regression
  kFailed,     ///< it could not be measured, and there is no baseline that says it could
  kMissing,    ///< it has a baseline and was not run: its case was renamed or deleted
};
std::string_view standing_name(Standing standing);

/// A metric that differs from its baseline's. One side may be absent.
struct Change {
  std::string name, node;
  std::optional<std::int64_t> before, now;
  /// kOther where it cannot be judged: counts on other images, single layers of another network.
  Standing standing = Standing::kEqual;
};

struct Comparison {
  Standing standing = Standing::kEqual;
  std::string text;  ///< one sentence
  bool same_setup = true;
  std::vector<Change> changes;
};

/// What was run again unchanged is compared exactly, number by number. A retrained or refolded
/// network is compared all the same: the numbers of the whole with the tolerance; those of single
/// layers and FIFOs, which may not correspond, are listed. On other images right answers are
/// compared as shares of the images.
Comparison compare_with_baseline(const Measurement& now, const std::optional<Measurement>& before,
                                 const Tolerance& tolerance);

/// "cycles of 'MVAU_0' 1,024 -> 2,048".
std::string change_text(const Change& change);

}  // namespace assay
