// SPDX-License-Identifier: Apache-2.0
#include "harness/report/build.h"

namespace assay::report {

void Build::Target::fields(Fields& f) {
  f("name", name);
  f("part", part);
  f("family", family);
  f("device", device);
  f("package", package);
  f("board", board);
  f("has", has);
}

void Build::Tool::fields(Fields& f) {
  f("name", name);
  f("version", version);
  f("sha256", sha256);
}

void Build::Step::fields(Fields& f) {
  f.word("step", step, {"netlist", "routed", "bitstream"});
  f("inputs_sha256", inputs_sha256);
  f("files", files);
}

void Build::Cells::fields(Fields& f) {
  f("lut", lut);
  f("ff", ff);
  f("carry", carry);
  f("bram", bram);
  f("dsp", dsp);
}

void Build::Layer::fields(Fields& f) {
  f("node", node);
  f("instance", instance);
  f("operator", op);
  f("cells", cells);
  f("estimates", estimates);
  f("placed", placed);
  f("box", box);
}

void Build::Seed::fields(Fields& f) {
  f("seed", seed);
  f("fmax_mhz", fmax_mhz);
}

void Build::Used::fields(Fields& f) {
  f("name", name);
  f("used", used);
  f("available", available);
}

void Build::Path::fields(Fields& f) {
  f("kind", kind);
  f("from", from);
  f("to", to);
  f("from_layer", from_layer);
  f("to_layer", to_layer);
  f("net", net);
  f("ns", ns);
}

void Build::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("rtl_sha256", rtl_sha256);
  f("design", design);
  f("target", target);
  f("clock_mhz", clock_mhz);
  f("baud", baud);
  f("dsp", dsp);
  f("tools", tools);
  f("steps", steps);
  f.where_given("layer_gates", layer_gates);
  f("cells", cells);
  f("total", total);
  f("between", between);
  f("estimates", estimates);
  f("layers", layers);
  f("seeds", seeds);
  f("seed", seed);
  f("used", used);
  f("fmax_mhz", fmax_mhz);
  f("critical_path", critical_path);
  f("interval", interval);
  f("frames_per_second", frames_per_second);
  f.where_given("checksum", checksum);
}

}  // namespace assay::report
