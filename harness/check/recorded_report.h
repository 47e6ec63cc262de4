// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/check/check.h"
#include "harness/check/recorded.h"
#include "harness/report/recorded.h"

namespace assay {

/// A recording of a network against its exact reference.
struct RecordedReport {
  report::Recorded report;
  /// DIFFERENT: something is no float32 rounding. EQUIVALENT: every activation checkpoint and the
  /// logits were compared on all recorded images, at least one, all that differs is proved to be
  /// float32 rounding, and every planted fault was caught. Otherwise INCONCLUSIVE.
  Judgement judgement;
};

/// Compares every recorded image; the recording must be of the reference's network and images.
/// Faults are planted into a recording of the first one that has no roundings: at every checkpoint
/// another level at its first and its last element, logits that are too far away, and nothing
/// recorded.
RecordedReport compare_recorded(Reference& reference, const Recording& recording,
                                const Console& console);

/// A row for each checkpoint.
std::string recorded_table(const report::Recorded& recorded);
/// The verdict, what is unexplained, and what was not recorded.
std::string recorded_text(const report::Recorded& recorded);

}  // namespace assay
