// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"
#include "harness/report/recorded.h"
#include "harness/report/streamline.h"

/// The flow's reports.
namespace assay::report {

/// All that a run's results depend on; with the last four, all that a stage's depend on.
struct Inputs {
  Program assay;
  Model model;
  Data data;
  Preprocess preprocess;
  std::int64_t topk = 1;
  std::optional<std::vector<File>> recorded;
  std::optional<Named<OptionValue>> options;
  std::optional<std::string> previous_sha256, reference_sha256;
  void fields(Fields& f) {
    f("assay", assay);
    f("model", model);
    f("data", data);
    f("preprocess", preprocess);
    f.from(1, "topk", topk);
    f.where_given("recorded", recorded);
    f.where_given("options", options);
    f.where_given("previous_sha256", previous_sha256);
    f.where_given("reference_sha256", reference_sha256);
  }
  friend bool operator==(const Inputs&, const Inputs&) = default;
};

/// What came of a comparison; in a stage's report and in that of `assay compare`.
struct Comparison {
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t images = 0, predicted = 0, compared = 0, differing = 0;
  Canaries canaries;
  std::vector<Checkpoint> checkpoints;
  std::vector<std::string> unexpected;
  std::optional<Difference> first_difference;
  void fields(Fields& f) {
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
};

/// What an approximate stage did to the results.
struct Effect {
  std::int64_t activations = 0, changed = 0, labels = 0, labels_changed = 0;
  std::optional<Accuracy> accuracy_before, accuracy_after;
  void fields(Fields& f) {
    f("activations", activations);
    f("changed", changed);
    f("labels", labels);
    f("labels_changed", labels_changed);
    f("accuracy_before", accuracy_before);
    f("accuracy_after", accuracy_after);
  }
};

/// reports/NN_name.json
struct Stage {
  static constexpr std::string_view kSchema = "assay.stage/1";
  std::string stage, file, sha256, contract;
  std::vector<std::string> passes;
  Inputs inputs;
  std::string reference;
  Comparison check;
  std::optional<Effect> effect;
  std::optional<StageStreamline> streamline;
  Accuracies accuracy;
  std::optional<FloatReference> float_reference;
  std::optional<Recorded> recorded;
  void fields(Fields& f) {
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
  }
};

/// A stage in the report of its run.
struct StageSummary {
  std::string stage, file, sha256, contract;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t images = 0, predicted = 0, compared = 0, differing = 0;
  Canaries canaries;
  std::optional<Difference> first_difference;
  Accuracies accuracy;
  std::string reference;
  std::optional<Effect> effect;
  std::int64_t checkpoints = 0;
  void fields(Fields& f) {
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
};

/// reports/timing.json
struct Timing {
  static constexpr std::string_view kSchema = "assay.timing/1";
  struct Stage {
    std::string stage;
    bool resumed = false;
    double seconds = 0;
    void fields(Fields& f) {
      f("stage", stage);
      f("resumed", resumed);
      f("seconds", seconds);
    }
  };
  std::vector<Stage> stages;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("stages", stages);
  }
};

}  // namespace assay::report
