// SPDX-License-Identifier: Apache-2.0
#include "harness/report/vivado.h"

namespace assay::report {

void Vivado::Check::fields(Fields& f) {
  f.word("check", check,
         {"bitstream", "components", "driver", "files", "link", "netlist", "scripts", "timing",
          "utilization", "vivado"});
  f("verdict", verdict);
  f("reason", reason);
}

void Vivado::Mover::fields(Fields& f) {
  f("name", name);
  f("stream", stream);
  f("tensor", tensor);
  f("base", base);
  f("beat_bytes", beat_bytes);
  f("frame_beats", frame_beats);
  f("frame_bytes", frame_bytes);
}

void PlacedWeights::fields(Fields& f) {
  f("port", port);
  f("base", base);
  f("range", range);
  f("memories", memories);
  f("words", words);
}

void Vivado::Used::fields(Fields& f) {
  f("name", name);
  f("used", used);
  f("available", available);
}

void Vivado::Layer::fields(Fields& f) {
  f("node", node);
  f("instance", instance);
  f("cells", cells);
  f("estimates", estimates);
}

void Vivado::Synthesis::fields(Fields& f) {
  f("used", used);
  f("accelerator", accelerator);
  f("estimates", estimates);
  f("layers", layers);
  f.any_sign("setup_ns", setup_ns);
  f.any_sign("hold_ns", hold_ns);
  f("fmax_mhz", fmax_mhz);
}

void Vivado::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("rtl_sha256", rtl_sha256);
  f("board", board);
  f("part", part);
  f("clock_mhz", clock_mhz);
  f("movers", movers);
  f.where_given("weights", weights);
  f("checks", checks);
  f("verdict", verdict);
  f("reason", reason);
  f("command", command);
  f("files", files);
  f("bitfile", bitfile);
  f("hw_handoff", hw_handoff);
  f.where_given("synthesis", synthesis);
  f.where_given("results", results);
  f.where_given("checksum", checksum);
}

}  // namespace assay::report
