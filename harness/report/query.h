// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/stage.h"

/// Reports of the commands that look at networks and runs.
namespace assay::report {

/// `assay accuracy`
struct AccuracyReport {
  static constexpr std::string_view kSchema = "assay.accuracy/1";
  struct Network {
    std::string network, sha256;
    std::optional<Accuracy> exact, floating;
    std::optional<std::int64_t> labels_changed;
    void fields(Fields& f) {
      f("network", network);
      f("sha256", sha256);
      f("exact", exact);
      f("float", floating);
      f("labels_changed", labels_changed);
    }
  };
  Data data;
  Preprocess preprocess;
  bool accuracy_means_nothing = false;
  std::optional<Recorded> recorded;
  std::vector<Network> networks;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("data", data);
    f("preprocess", preprocess);
    f("accuracy_means_nothing", accuracy_means_nothing);
    f("recorded", recorded);
    f("networks", networks);
  }
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
    void fields(Fields& f) {
      f("stage", stage);
      f("reference", reference);
      f.stage_verdict("verdict", verdict);
      f("reason", reason);
      f("edited", edited);
      f("predicted", predicted);
      f("compared", compared);
      f("differing", differing);
      f("canaries", canaries);
      f("accuracy", accuracy);
    }
  };
  Verdict verdict = Verdict::kInconclusive;
  std::string reason, reference;
  Data data;
  std::optional<std::string> first_stage;
  std::optional<Difference> first_difference;
  std::optional<double> drop;
  std::vector<Stage> stages;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("verdict", verdict);
    f("reason", reason);
    f("reference", reference);
    f("data", data);
    f("first_stage", first_stage);
    f("first_difference", first_difference);
    f("drop", drop);
    f("stages", stages);
  }
};

/// `assay data`
struct DataReport {
  static constexpr std::string_view kSchema = "assay.data/1";
  Data data;
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::int64_t> class_images;
  std::vector<std::string> class_names;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("data", data);
    f("channels", channels);
    f("height", height);
    f("width", width);
    f("class_images", class_images);
    f("class_names", class_names);
  }
};

/// `assay exec`
struct Exec {
  static constexpr std::string_view kSchema = "assay.exec/1";
  struct Output {
    std::string name, file;
    std::vector<std::int64_t> shape;
    std::string dtype, sha256;
    void fields(Fields& f) {
      f("name", name);
      f("file", file);
      f("shape", shape);
      f("dtype", dtype);
      f("sha256", sha256);
    }
  };
  std::string mode;
  Model model;
  std::int64_t images = 0;
  std::vector<Output> outputs;
  std::optional<std::string> dump;
  void fields(Fields& f) {
    f.schema(kSchema);
    f.word("mode", mode, {"exact", "float"});
    f("model", model);
    f("images", images);
    f("outputs", outputs);
    f("dump", dump);
  }
};

/// scales.json of `assay exec --dump`
struct Scales {
  static constexpr std::string_view kSchema = "assay.scales/1";
  struct Reals {
    std::vector<std::int64_t> shape;
    std::vector<std::string> exact;
    std::vector<double> value;
    void fields(Fields& f) {
      f("shape", shape);
      f("exact", exact);
      f.any_sign("value", value);
    }
  };
  struct Checkpoint {
    std::string name, file, dtype;
    std::vector<std::int64_t> shape;
    Reals scale, offset;
    void fields(Fields& f) {
      f("name", name);
      f("file", file);
      f("dtype", dtype);
      f("shape", shape);
      f("scale", scale);
      f("offset", offset);
    }
  };
  std::string mode;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f) {
    f.schema(kSchema);
    f.word("mode", mode, {"exact", "float"});
    f("checkpoints", checkpoints);
  }
};

/// One row of thresholds.
struct ThresholdRow {
  std::vector<std::int64_t> index, thresholds;
  std::optional<std::vector<std::int64_t>> multipliers;
  void fields(Fields& f) {
    f("index", index);
    f.any_sign("thresholds", thresholds);
    f.any_sign("multipliers", multipliers);
  }
};

/// The first rows of a node.
struct Thresholds {
  std::string stage, node, op;
  std::int64_t out_bias = 0, rows = 0;
  std::optional<std::int64_t> table_min;
  std::vector<ThresholdRow> first_rows;
  void fields(Fields& f) {
    f("stage", stage);
    f("node", node);
    f("operator", op);
    f.any_sign("out_bias", out_bias);
    f("rows", rows);
    f.any_sign("table_min", table_min);
    f("first_rows", first_rows);
  }
};

/// `assay explain`
struct Explain {
  static constexpr std::string_view kSchema = "assay.explain/1";
  struct Place {
    std::string stage, node, op, tensor, dtype;
    std::optional<std::vector<std::int64_t>> shape;
    void fields(Fields& f) {
      f("stage", stage);
      f("node", node);
      f("operator", op);
      f("tensor", tensor);
      f("dtype", dtype);
      f("shape", shape);
    }
  };
  std::string name;
  std::vector<Place> places;
  std::vector<Quantiser> quantisers, folded_into;
  std::vector<Width> widths;
  std::vector<Unit> units;
  std::vector<Remark> remarks;
  std::optional<Thresholds> thresholds;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("name", name);
    f("places", places);
    f("quantisers", quantisers);
    f("folded_into", folded_into);
    f("widths", widths);
    f("units", units);
    f("remarks", remarks);
    f("thresholds", thresholds);
  }
};

/// `assay show MODEL`
struct Show {
  static constexpr std::string_view kSchema = "assay.show/1";
  struct Tensor {
    std::string name;
    std::optional<std::vector<std::int64_t>> shape;
    std::string dtype, layout;
    void fields(Fields& f) {
      f("name", name);
      f("shape", shape);
      f("dtype", dtype);
      f("layout", layout);
    }
  };
  struct Checkpoint {
    std::string name, kind, tensor, node, dtype;
    std::optional<std::vector<std::int64_t>> shape;
    std::optional<std::string> scale, offset;
    void fields(Fields& f) {
      f("name", name);
      f("kind", kind);
      f("tensor", tensor);
      f("node", node);
      f("dtype", dtype);
      f("shape", shape);
      f("scale", scale);
      f("offset", offset);
    }
  };
  std::string sha256, name;
  std::vector<Tensor> inputs, outputs;
  Named<std::int64_t> operators;
  std::int64_t parameters = 0, macs = 0;
  std::vector<Checkpoint> checkpoints;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("sha256", sha256);
    f("name", name);
    f("inputs", inputs);
    f("outputs", outputs);
    f("operators", operators);
    f("parameters", parameters);
    f("macs", macs);
    f("checkpoints", checkpoints);
  }
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
  // With b: what came of the comparison
  std::optional<std::int64_t> images, predicted, compared, differing;
  std::optional<Canaries> canaries;
  std::optional<std::vector<Checkpoint>> checkpoints;
  std::optional<std::vector<std::string>> unexpected;
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
  void fields(Fields& f) {
    f.schema(kSchema);
    f("a", a);
    f("data", data);
    f("preprocess", preprocess);
    f("recorded", recorded);
    f.where_given("b", b);
    f.where_given("matched_by", matched_by, {"name", "order"});
    f("verdict", verdict);
    f("reason", reason);
    f.where_given("images", images);
    f.where_given("predicted", predicted);
    f.where_given("compared", compared);
    f.where_given("differing", differing);
    f.where_given("canaries", canaries);
    f.where_given("checkpoints", checkpoints);
    f.where_given("unexpected", unexpected);
    f.where_given("first_difference", first_difference);
  }
};

}  // namespace assay::report
