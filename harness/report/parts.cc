// SPDX-License-Identifier: Apache-2.0
#include "harness/report/parts.h"

namespace assay::report {

void Canaries::fields(Fields& f) {
  f("planted", planted);
  f("caught", caught);
}

void Difference::fields(Fields& f) {
  f("checkpoint", checkpoint);
  f("node", node);
  f("image", image);
  f("element", element);
  f("channel", channel);
  f("row", row);
  f("column", column);
  f("expected", expected);
  f("got", got);
}

void Program::fields(Fields& f) {
  f("version", version);
  f("sha256", sha256);
}

void Model::fields(Fields& f) {
  f("sha256", sha256);
  f("graph_sha256", graph_sha256);
}

void Data::fields(Fields& f) {
  f("name", name);
  f("sha256", sha256);
  f("first", first);
  f.from(1, "images", images);
  f("synthetic", synthetic);
  f("labels", labels);
  f.where_given("inputs", inputs);
}

void Preprocess::fields(Fields& f) {
  f.word("kind", kind, {"totensor", "normalize", "none", "quantiser", "file"});
  f.where_given("mean", mean);
  f.where_given("std", std);
  f.where_given("graph_sha256", graph_sha256);
}

void File::fields(Fields& f) {
  f("file", file);
  f("sha256", sha256);
}

void Accuracy::Class::fields(Fields& f) {
  f("label", label);
  f("name", name);
  f("images", images);
  f("correct", correct);
  f("accuracy", accuracy);
}

void Accuracy::Wrong::fields(Fields& f) {
  f("image", image);
  f("label", label);
  f("predicted", predicted);
}

void Accuracy::fields(Fields& f) {
  f("predicted", predicted);
  f("compared", compared);
  f.from(1, "k", k);
  f("top1_correct", top1_correct);
  f("top_k_correct", top_k_correct);
  f("top1", top1);
  f("top_k", top_k);
  f("mean_loss", mean_loss);
  f.where_given("classes", classes);
  f.where_given("confusion", confusion);
  f.where_given("misclassified", misclassified);
}

void Accuracies::fields(Fields& f) {
  f("exact", exact);
  f("float", floating);
}

void ChangedLabel::fields(Fields& f) {
  f("image", image);
  f("exact", exact);
  f("float", floating);
}

void Checkpoint::fields(Fields& f) {
  f("name", name);
  f.word("kind", kind, {"input", "activation", "logits", "values", "label"});
  f("dtype", dtype);
  f("shape", shape);
  f("node", node);
  f.word("compared_as", compared_as, {"integers", "reals", "rank of the logits", "missing"});
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("first_difference", first_difference);
}

void Resources::fields(Fields& f) {
  f("lut", lut);
  f("ff", ff);
  f("bram", bram);
  f("dsp", dsp);
}

void Device::fields(Fields& f) {
  f("name", name);
  f("family", family);
  f("block_ram_bits", block_ram_bits);
  f("has", has);
}

void Tally::fields(Fields& f) {
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("first", first);
}

}  // namespace assay::report
