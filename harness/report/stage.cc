// SPDX-License-Identifier: Apache-2.0
#include "harness/report/stage.h"

namespace assay::report {

void Inputs::fields(Fields& f) {
  f("assay", assay);
  f("model", model);
  f("data", data);
  f("preprocess", preprocess);
  f.from(0, "topk", topk);
  f.where_given("recorded", recorded);
  f.where_given("options", options);
  f.where_given("previous_sha256", previous_sha256);
  f.where_given("reference_sha256", reference_sha256);
}

void Comparison::fields(Fields& f) {
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("images", images);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("canaries", canaries);
  f("checkpoints", checkpoints);
  f("unexpected", unexpected);
  f("first_difference", first_difference);
}

void Effect::fields(Fields& f) {
  f("activations", activations);
  f("changed", changed);
  f("labels", labels);
  f("labels_changed", labels_changed);
  f("accuracy_before", accuracy_before);
  f("accuracy_after", accuracy_after);
}

void Stage::fields(Fields& f) {
  f.schema(kSchema);
  f("stage", stage);
  f("file", file);
  f("sha256", sha256);
  f.word("contract", contract, {"exact", "approximate"});
  f("passes", passes);
  f("inputs", inputs);
  f("reference", reference);
  check.fields(f);
  f("effect", effect);
  f("streamline", streamline);
  f("accuracy", accuracy);
  f("float_reference", float_reference);
  f("recorded", recorded);
  f("stimuli", stimuli);
  f.where_given("checksum", checksum);
}

StageSummary summary_of(const Stage& stage) {
  const Comparison& check = stage.check;
  return {.stage = stage.stage,
          .file = stage.file,
          .sha256 = stage.sha256,
          .contract = stage.contract,
          .verdict = check.verdict,
          .reason = check.reason,
          .images = check.images,
          .predicted = check.predicted,
          .compared = check.compared,
          .differing = check.differing,
          .canaries = check.canaries,
          .first_difference = check.first_difference,
          .accuracy = stage.accuracy,
          .reference = stage.reference,
          .effect = stage.effect,
          .checkpoints = std::ssize(check.checkpoints)};
}

void StageSummary::fields(Fields& f) {
  f("stage", stage);
  f("file", file);
  f("sha256", sha256);
  f.word("contract", contract, {"exact", "approximate"});
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("images", images);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("canaries", canaries);
  f("first_difference", first_difference);
  f("accuracy", accuracy);
  f("reference", reference);
  f("effect", effect);
  f("checkpoints", checkpoints);
}

void Timing::Stage::fields(Fields& f) {
  f("stage", stage);
  f("resumed", resumed);
  f("seconds", seconds);
}

void Timing::fields(Fields& f) {
  f.schema(kSchema);
  f("stages", stages);
  f.where_given("steps", steps);
}

}  // namespace assay::report
