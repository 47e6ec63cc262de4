// SPDX-License-Identifier: Apache-2.0
#include "harness/report/rtl.h"

namespace assay::report {

void RtlHead::Tools::fields(Fields& f) {
  f("verilator", verilator);
  f("compiler", compiler);
}

void RtlHead::fields(Fields& f) {
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("data", data);
  f("images", images);
  f("seed", seed);
  f("tools", tools);
  f("rtl", rtl);
  f("verdict", verdict);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
}

void Mismatch::fields(Fields& f) {
  f("at", at);
  f("replay", replay);
}

void RtlOutcome::Violation::fields(Fields& f) {
  f("rule", rule);
  f("stream", stream);
  f("cycle", cycle);
}

void RtlOutcome::fields(Fields& f) {
  f("verdict", verdict);
  f("reason", reason);
  f("predicted", predicted);
  f("compared", compared);
  f("compared_before_reset", compared_before_reset);
  f("differing", differing);
  f("violations", violations);
  f("stuck", stuck);
  f("first_mismatch", first_mismatch);
}

void Coverage::Count::fields(Fields& f) {
  f("all", all);
  f("unreachable", unreachable);
  f("seen", seen);
}

void Coverage::fields(Fields& f) {
  f("thresholds", thresholds);
  f("weight_bits", weight_bits);
  f("sum_bits", sum_bits);
  f("rows", rows);
}

void RtlNode::Cycles::fields(Fields& f) {
  f("formula", formula);
  f("measured", measured);
}

void RtlNode::Run::fields(Fields& f) {
  f("profile", profile);
  f("seed", seed);
  f("frames", frames);
  outcome.fields(f);
}

void RtlNode::Node::fields(Fields& f) {
  f("node", node);
  f("operator", op);
  f("folder", folder);
  f("folding", folding);
  f("model", model);
  f("content", content);
  f("verdict", verdict);
  f("reason", reason);
  f("cycles", cycles);
  f("memories", memories);
  f("canaries", canaries);
  f("directed_frames", directed_frames);
  f("coverage_of_images", images);
  f("coverage", directed);
  f("runs", runs);
}

void RtlNode::fields(Fields& f) {
  f.schema(kSchema);
  head.fields(f);
  f("min_coverage", min_coverage);
  f("nodes", nodes);
}

void RtlTop::Bottleneck::fields(Fields& f) {
  f("node", node);
  f("cycles", cycles);
}

void RtlTop::Node::fields(Fields& f) {
  f("node", node);
  f("instance", instance);
  f("operator", op);
  f("cycles", cycles);
  f("memories", memories);
}

void RtlTop::Stream::fields(Fields& f) {
  f("name", name);
  f("wires", wires);
  f("writer", writer);
  f("reader", reader);
  f("bits", bits);
  f("beats", beats);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("stalls", stalls);
  f("starves", starves);
  f.any_sign("first", first);
  f.any_sign("last", last);
}

void RtlTop::Fifo::fields(Fields& f) {
  f("name", name);
  f("depth", depth);
  f("high_water", high_water);
}

void RtlTop::Run::fields(Fields& f) {
  f("profile", profile);
  f("seed", seed);
  f("frames", frames);
  f("cycles", cycles);
  outcome.fields(f);
}

void RtlTop::Partition::fields(Fields& f) {
  f("partition", partition);
  f("module", module);
  f("folder", folder);
  f("model", model);
  f("content", content);
  f("verdict", verdict);
  f("reason", reason);
  f("first_frame_latency", first_frame_latency);
  f("interval", interval);
  f("steady", steady);
  f("steady_interval", steady_interval);
  f("clock_mhz", clock_mhz);
  f("frames_per_second", frames_per_second);
  f("bottleneck", bottleneck);
  f("token_model", token_model);
  f("canaries", canaries);
  f("nodes", nodes);
  f("streams", streams);
  f("fifos", fifos);
  f("runs", runs);
}

void RtlTop::fields(Fields& f) {
  f.schema(kSchema);
  head.fields(f);
  f("partitions", partitions);
}

}  // namespace assay::report
