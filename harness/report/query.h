// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/stage.h"

/// Reports of the commands that look at networks and runs.
namespace assay::report {

/// `assay accuracy`
struct AccuracyReport {
  static constexpr std::string_view kSchema = "assay.accuracy/1";
  /// How close an output comes to its targets.
  struct Output {
    std::string output;
    std::int64_t predicted = 0, compared = 0;  ///< elements, or places of a map of classes
    std::optional<double> mean_error, rms_error, largest_error, psnr;
    std::optional<std::int64_t> correct;  ///< places
    void fields(Fields& f);
  };
  struct Network {
    std::string network, sha256;
    std::optional<Accuracy> exact, floating;
    std::optional<std::int64_t> labels_changed;
    std::optional<std::vector<Output>> exact_outputs, float_outputs;  ///< where targets were given
    void fields(Fields& f);
  };
  Data data;
  Preprocess preprocess;
  bool accuracy_means_nothing = false;
  std::optional<Recorded> recorded;
  std::vector<Network> networks;
  void fields(Fields& f);
};

/// `assay bisect`
struct Bisect {
  static constexpr std::string_view kSchema = "assay.bisect/1";
  struct Stage {
    std::string stage, reference;
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    bool edited = false;
    std::int64_t predicted = 0, compared = 0, differing = 0;
    Canaries canaries;
    std::optional<Accuracy> accuracy;
    void fields(Fields& f);
  };
  Verdict run_verdict = Verdict::kInconclusive;  ///< what the run itself came to
  std::string run_reason;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason, reference;
  Data data;
  std::optional<std::string> first_stage;
  std::optional<Difference> first_difference;
  std::optional<double> drop;
  std::vector<Stage> stages;
  void fields(Fields& f);
};

/// `assay data`
struct DataReport {
  static constexpr std::string_view kSchema = "assay.data/1";
  Data data;
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::int64_t> class_images;
  std::vector<std::string> class_names;
  void fields(Fields& f);
};

/// `assay exec`
struct Exec {
  static constexpr std::string_view kSchema = "assay.exec/1";
  struct Output {
    std::string name, file;
    std::vector<std::int64_t> shape;
    std::string dtype, sha256;
    void fields(Fields& f);
  };
  std::string mode;
  Model model;
  std::int64_t images = 0;
  std::vector<Output> outputs;
  std::optional<std::string> dump;
  void fields(Fields& f);
};

/// scales.json of `assay exec --dump`
struct Scales {
  static constexpr std::string_view kSchema = "assay.scales/1";
  struct Reals {
    std::vector<std::int64_t> shape;
    std::vector<std::string> exact;
    std::vector<double> value;
    void fields(Fields& f);
  };
  struct Checkpoint {
    std::string name, file, dtype;
    std::vector<std::int64_t> shape;
    Reals scale, offset;
    void fields(Fields& f);
  };
  std::string mode;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f);
};

/// One row of thresholds.
struct ThresholdRow {
  std::vector<std::int64_t> index, thresholds;
  std::optional<std::vector<std::int64_t>> multipliers;
  void fields(Fields& f);
};

/// The first rows of a node.
struct Thresholds {
  std::string stage, node, op;
  std::int64_t out_bias = 0, rows = 0;
  std::optional<std::int64_t> table_min;
  std::vector<ThresholdRow> first_rows;
  void fields(Fields& f);
};

/// `assay explain`
struct Explain {
  static constexpr std::string_view kSchema = "assay.explain/1";
  struct Place {
    std::string stage, node, op, tensor, dtype;
    std::optional<std::vector<std::int64_t>> shape;
    void fields(Fields& f);
  };
  std::string name;
  std::vector<Place> places;
  std::vector<Quantiser> quantisers, folded_into;
  std::vector<Width> widths;
  std::vector<Unit> units;
  std::vector<Remark> remarks;
  std::optional<Thresholds> thresholds;
  void fields(Fields& f);
};

/// `assay show MODEL`
struct Show {
  static constexpr std::string_view kSchema = "assay.show/1";
  struct Tensor {
    std::string name;
    std::optional<std::vector<std::int64_t>> shape;
    std::string dtype, layout;
    void fields(Fields& f);
  };
  struct Checkpoint {
    std::string name, kind, tensor, node, dtype;
    std::optional<std::vector<std::int64_t>> shape;
    std::optional<std::string> scale, offset;
    void fields(Fields& f);
  };
  std::string sha256, name;
  std::vector<Tensor> inputs, outputs;
  Named<std::int64_t> operators;
  std::int64_t parameters = 0, macs = 0;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f);
};

/// `assay compare`
struct Compare {
  static constexpr std::string_view kSchema = "assay.compare/1";
  File a;
  Data data;
  Preprocess preprocess;
  std::optional<Recorded> recorded;
  std::optional<File> b;
  std::optional<std::string> matched_by;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  Stimuli stimuli;
  // With b: what came of the comparison
  std::optional<std::int64_t> images, predicted, compared, differing;
  std::optional<Canaries> canaries;
  std::optional<std::vector<Checkpoint>> checkpoints;
  std::optional<std::vector<std::string>> unexpected;
  /// Outputs that b has in another unit, with its axes in another order.
  std::optional<std::vector<std::string>> rescaled, reordered;
  std::optional<std::optional<Difference>> first_difference;
  void note(const Comparison& check) {
    images = check.images;
    predicted = check.predicted;
    compared = check.compared;
    differing = check.differing;
    canaries = check.canaries;
    checkpoints = check.checkpoints;
    unexpected = check.unexpected;
    first_difference.emplace(check.first_difference);
  }
  void fields(Fields& f);
};

}  // namespace assay::report
