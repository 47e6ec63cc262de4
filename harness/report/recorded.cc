// SPDX-License-Identifier: Apache-2.0
#include "harness/report/recorded.h"

namespace assay::report {

void FloatReference::Unexplained::fields(Fields& f) {
  f("image", image);
  f("checkpoint", checkpoint);
  f("element", element);
  f.any_sign("exact", exact);
  f.any_sign("float", floating);
  f.any_sign("value", value);
  f.any_sign("slack", slack);
}

void FloatReference::Checkpoint::fields(Fields& f) {
  f("name", name);
  f("compared", compared);
  f("differing", differing);
  f("images", images);
}

void FloatReference::fields(Fields& f) {
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

void RecordedOutlier::fields(Fields& f) {
  f("image", image);
  f("element", element);
  f.any_sign("exact", exact);
  f.any_sign("got", got);
  f("bound", bound);
}

void RecordedLogits::fields(Fields& f) {
  f("file", file);
  f("images", images);
  f("compared", compared);
  f("unexplained", unexplained);
  f("undecided", undecided);
  f("largest_error", largest_error);
  f("largest_bound", largest_bound);
  f("first_unexplained", first_unexplained);
}

void Recorded::Checkpoint::fields(Fields& f) {
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

void Recorded::Unexplained::fields(Fields& f) {
  Difference::fields(f);
  f.any_sign("value", value);
  f.any_sign("slack", slack);
}

void Recorded::fields(Fields& f) {
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

}  // namespace assay::report
