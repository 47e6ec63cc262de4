// SPDX-License-Identifier: Apache-2.0
#include "harness/report/hardware.h"

namespace assay::report {

void Folding::Goal::fields(Fields& f) {
  f("target_cycles", target_cycles);
  f("device", device);
  f("device_share", device_share);
}

void Folding::Node::fields(Fields& f) {
  f("node", node);
  f("operator", op);
  f.from(-1, "partition", partition);
  f("folding", folding);
  f("ram_style", ram_style);
  f("mem_mode", mem_mode);
  f("cycles", cycles);
  f("reached", reached);
  f("macs", macs);
  f("multipliers", multipliers);
  f("efficiency", efficiency);
  f("estimates", estimates);
}

void Folding::fields(Fields& f) {
  f.schema(kSchema);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("goal", goal);
  f("interval", interval);
  f("reached", reached);
  f("macs", macs);
  f("multipliers", multipliers);
  f("efficiency", efficiency);
  f("estimates", estimates);
  f("device", device);
  f("fits", fits);
  f("warnings", warnings);
  f("nodes", nodes);
}

void Fifos::Smaller::fields(Fields& f) {
  f("depth", depth);
  f("interval", interval);
  f("stalls_stop", stalls_stop);
}

void Fifos::Fifo::fields(Fields& f) {
  f("name", name);
  f("depth", depth);
  f("bits", bits);
  f("memory", memory);
  f("high_water", high_water);
  f("smaller", smaller);
}

void Fifos::Partition::fields(Fields& f) {
  f("partition", partition);
  f("slowest_layer", slowest_layer);
  f("interval", interval);
  f("first_frame_latency", first_frame_latency);
  f("frames", frames);
  f("fifos", fifos);
}

void Fifos::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("stage_sha256", stage_sha256);
  f("partitions", partitions);
  f.where_given("checksum", checksum);
}

void Throughput::fields(Fields& f) {
  f("interval", interval);
  f("frames_per_second", frames_per_second);
  f("first_frame_latency", first_frame_latency);
  f("cycles", cycles);
}

void Bench::Layer::fields(Fields& f) {
  f("node", node);
  f("operator", op);
  f.from(-1, "partition", partition);
  f("cycles", cycles);
  f("frames_per_second", frames_per_second);
  f("share", share);
  f("macs", macs);
  f("multipliers", multipliers);
  f("efficiency", efficiency);
  f("estimates", estimates);
}

void Bench::Partition::fields(Fields& f) {
  f("partition", partition);
  f("bottleneck", bottleneck);
  f("formula", formula);
  f("token_model", token_model);
  f("measured", measured);
}

void Bench::fields(Fields& f) {
  f.schema(kSchema);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("clock_mhz", clock_mhz);
  f("frames", frames);
  f("efficiency", efficiency);
  f("estimates", estimates);
  f("device", device);
  f("layers", layers);
  f("partitions", partitions);
  f("remarks", remarks);
  f("warnings", warnings);
}

}  // namespace assay::report
