// SPDX-License-Identifier: Apache-2.0
#include "harness/report/query.h"

namespace assay::report {

void AccuracyReport::Output::fields(Fields& f) {
  f("output", output);
  f("predicted", predicted);
  f("compared", compared);
  f("mean_error", mean_error);
  f("rms_error", rms_error);
  f("largest_error", largest_error);
  f("psnr", psnr);
  f("correct", correct);
}

void AccuracyReport::Network::fields(Fields& f) {
  f("network", network);
  f("sha256", sha256);
  f("exact", exact);
  f("float", floating);
  f("labels_changed", labels_changed);
  f.where_given("exact_outputs", exact_outputs);
  f.where_given("float_outputs", float_outputs);
}

void AccuracyReport::fields(Fields& f) {
  f.schema(kSchema);
  f("data", data);
  f("preprocess", preprocess);
  f("accuracy_means_nothing", accuracy_means_nothing);
  f("recorded", recorded);
  f("networks", networks);
}

void Bisect::Stage::fields(Fields& f) {
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

void Bisect::fields(Fields& f) {
  f.schema(kSchema);
  f.stage_verdict("run_verdict", run_verdict);
  f("run_reason", run_reason);
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("reference", reference);
  f("data", data);
  f("first_stage", first_stage);
  f("first_difference", first_difference);
  f("drop", drop);
  f("stages", stages);
}

void DataReport::fields(Fields& f) {
  f.schema(kSchema);
  f("data", data);
  f("channels", channels);
  f("height", height);
  f("width", width);
  f("class_images", class_images);
  f("class_names", class_names);
}

void Exec::Output::fields(Fields& f) {
  f("name", name);
  f("file", file);
  f("shape", shape);
  f("dtype", dtype);
  f("sha256", sha256);
}

void Exec::fields(Fields& f) {
  f.schema(kSchema);
  f.word("mode", mode, {"exact", "float"});
  f("model", model);
  f("images", images);
  f("outputs", outputs);
  f("dump", dump);
}

void Scales::Reals::fields(Fields& f) {
  f("shape", shape);
  f("exact", exact);
  f.any_sign("value", value);
}

void Scales::Checkpoint::fields(Fields& f) {
  f("name", name);
  f("file", file);
  f("dtype", dtype);
  f("shape", shape);
  f("scale", scale);
  f("offset", offset);
}

void Scales::fields(Fields& f) {
  f.schema(kSchema);
  f.word("mode", mode, {"exact", "float"});
  f("checkpoints", checkpoints);
}

void ThresholdRow::fields(Fields& f) {
  f("index", index);
  f.any_sign("thresholds", thresholds);
  f.any_sign("multipliers", multipliers);
}

void Thresholds::fields(Fields& f) {
  f("stage", stage);
  f("node", node);
  f("operator", op);
  f.any_sign("out_bias", out_bias);
  f("rows", rows);
  f.any_sign("table_min", table_min);
  f("first_rows", first_rows);
}

void Explain::Place::fields(Fields& f) {
  f("stage", stage);
  f("node", node);
  f("operator", op);
  f("tensor", tensor);
  f("dtype", dtype);
  f("shape", shape);
}

void Explain::fields(Fields& f) {
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

void Show::Tensor::fields(Fields& f) {
  f("name", name);
  f("shape", shape);
  f("dtype", dtype);
  f("layout", layout);
}

void Show::Checkpoint::fields(Fields& f) {
  f("name", name);
  f("kind", kind);
  f("tensor", tensor);
  f("node", node);
  f("dtype", dtype);
  f("shape", shape);
  f("scale", scale);
  f("offset", offset);
}

void Show::fields(Fields& f) {
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

void Compare::fields(Fields& f) {
  f.schema(kSchema);
  f("a", a);
  f("data", data);
  f("preprocess", preprocess);
  f("recorded", recorded);
  f.where_given("b", b);
  f.where_given("matched_by", matched_by, {"name", "order"});
  f("verdict", verdict);
  f("reason", reason);
  f("stimuli", stimuli);
  f.where_given("images", images);
  f.where_given("predicted", predicted);
  f.where_given("compared", compared);
  f.where_given("differing", differing);
  f.where_given("canaries", canaries);
  f.where_given("checkpoints", checkpoints);
  f.where_given("unexpected", unexpected);
  f.where_given("rescaled", rescaled);
  f.where_given("reordered", reordered);
  f.where_given("first_difference", first_difference);
}

}  // namespace assay::report
