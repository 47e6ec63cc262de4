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
    void fields(Fields& f) {
      f("image", image);
      f("checkpoint", checkpoint);
      f("element", element);
      f.any_sign("exact", exact);
      f.any_sign("float", floating);
      f.any_sign("value", value);
      f.any_sign("slack", slack);
    }
  };
  struct Checkpoint {
    std::string name;
    std::int64_t compared = 0, differing = 0, images = 0;
    void fields(Fields& f) {
      f("name", name);
      f("compared", compared);
      f("differing", differing);
      f("images", images);
    }
  };
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t compared = 0, differing = 0, decisions_differing = 0, decisions_explained = 0;
  std::vector<Unexplained> unexplained;
  std::int64_t labels_compared = 0, labels_changed = 0, labels_unexplained = 0;
  std::vector<ChangedLabel> changed_labels;
  std::optional<double> largest_logit_error;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f) {
    f("verdict", verdict);
    f("reason", reason);
    f("compared", compared);
    f("differing", differing);
    f("decisions_differing", decisions_differing);
    f("decisions_explained", decisions_explained);
    f("unexplained", unexplained);
    f("labels_compared", labels_compared);
    f("labels_changed", labels_changed);
    f("labels_unexplained", labels_unexplained);
    f("changed_labels", changed_labels);
    f("largest_logit_error", largest_logit_error);
    f("checkpoints", checkpoints);
  }
};

/// A logit that float32 rounding does not explain.
struct RecordedOutlier {
  std::int64_t image = 0, element = 0;
  double exact = 0, got = 0;
  std::optional<double> bound;
  void fields(Fields& f) {
    f("image", image);
    f("element", element);
    f.any_sign("exact", exact);
    f.any_sign("got", got);
    f("bound", bound);
  }
};

/// Recorded logits against the exact ones.
struct RecordedLogits {
  std::string file;
  std::int64_t images = 0, compared = 0, unexplained = 0;
  std::vector<std::int64_t> undecided;
  double largest_error = 0;
  std::optional<double> largest_bound;
  std::optional<RecordedOutlier> first_unexplained;
  void fields(Fields& f) {
    f("file", file);
    f("images", images);
    f("compared", compared);
    f("unexplained", unexplained);
    f("undecided", undecided);
    f("largest_error", largest_error);
    f("largest_bound", largest_bound);
    f("first_unexplained", first_unexplained);
  }
};

/// Section "recorded" of several reports: what another program recorded.
struct Recorded {
  struct Checkpoint {
    std::string name;
    std::optional<std::string> file, recorded_as;
    std::int64_t images = 0, predicted = 0, compared = 0, differing = 0, images_differing = 0,
                 decisions_differing = 0, decisions_explained = 0;
    void fields(Fields& f) {
      f("name", name);
      f("file", file);
      f("recorded_as", recorded_as);
      f("images", images);
      f("predicted", predicted);
      f("compared", compared);
      f("differing", differing);
      f("images_differing", images_differing);
      f("decisions_differing", decisions_differing);
      f("decisions_explained", decisions_explained);
    }
  };
  struct Unexplained : Difference {
    std::optional<double> value, slack;  ///< in steps of the quantiser; null: not finite
    void fields(Fields& f) {
      Difference::fields(f);
      f.any_sign("value", value);
      f.any_sign("slack", slack);
    }
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
  void fields(Fields& f) {
    f("verdict", verdict);
    f("reason", reason);
    f("files", files);
    f("images", images);
    f("predicted", predicted);
    f("compared", compared);
    f("differing", differing);
    f("decisions_differing", decisions_differing);
    f("decisions_explained", decisions_explained);
    f("canaries", canaries);
    f("checkpoints", checkpoints);
    f("not_recorded", not_recorded);
    f("unexplained", unexplained);
    f("logits", logits);
    f("labels_compared", labels_compared);
    f("labels_changed", labels_changed);
    f("labels_unexplained", labels_unexplained);
    f("changed_labels", changed_labels);
    f("accuracy", accuracy);
  }
};

}  // namespace assay::report
