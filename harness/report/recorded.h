// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// float32 evaluations against the exact results.
namespace assay::report {

/// Section "float_reference" of a stage: the float32 reference.
struct FloatReference {
  struct Unexplained {
    std::int64_t image = 0;
    std::string checkpoint;
    std::int64_t element = 0, exact = 0, floating = 0;
    std::optional<double> value, slack;  ///< in steps of the quantiser; null: not finite
    void fields(Fields& f);
  };
  struct Checkpoint {
    std::string name;
    std::int64_t compared = 0, differing = 0, images = 0;
    void fields(Fields& f);
  };
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t compared = 0, differing = 0, decisions_differing = 0, decisions_explained = 0;
  std::vector<Unexplained> unexplained;
  std::int64_t labels_compared = 0, labels_changed = 0, labels_unexplained = 0;
  std::vector<ChangedLabel> changed_labels;
  std::optional<double> largest_logit_error;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f);
};

/// A logit that float32 rounding does not explain.
struct RecordedOutlier {
  std::int64_t image = 0, element = 0;
  double exact = 0, got = 0;
  std::optional<double> bound;
  void fields(Fields& f);
};

/// Recorded logits against the exact ones.
struct RecordedLogits {
  std::string file;
  std::int64_t images = 0, compared = 0, unexplained = 0;
  std::vector<std::int64_t> undecided;
  double largest_error = 0;
  std::optional<double> largest_bound;
  std::optional<RecordedOutlier> first_unexplained;
  void fields(Fields& f);
};

/// Section "recorded" of several reports: what another program recorded.
struct Recorded {
  struct Checkpoint {
    std::string name;
    std::optional<std::string> file, recorded_as;
    std::int64_t images = 0, predicted = 0, compared = 0, differing = 0, images_differing = 0,
                 decisions_differing = 0, decisions_explained = 0;
    void fields(Fields& f);
  };
  struct Unexplained : Difference {
    std::optional<double> value, slack;  ///< in steps of the quantiser; null: not finite
    void fields(Fields& f);
  };
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::vector<File> files;
  std::int64_t images = 0, predicted = 0, compared = 0, differing = 0, decisions_differing = 0,
               decisions_explained = 0;
  Canaries canaries;
  std::vector<Checkpoint> checkpoints;
  std::vector<std::string> not_recorded;
  std::vector<Unexplained> unexplained;
  std::optional<RecordedLogits> logits;
  std::int64_t labels_compared = 0, labels_changed = 0, labels_unexplained = 0;
  std::vector<ChangedLabel> changed_labels;
  std::optional<Accuracy> accuracy;
  void fields(Fields& f);
};

}  // namespace assay::report
