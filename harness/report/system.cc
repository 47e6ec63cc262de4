// SPDX-License-Identifier: Apache-2.0
#include "harness/report/system.h"

namespace assay::report {

void System::Mover::fields(Fields& f) {
  f("name", name);
  f("stream", stream);
  f("beat_bytes", beat_bytes);
  f("slot_bytes", slot_bytes);
  f("frame_beats", frame_beats);
}

void System::Run::fields(Fields& f) {
  f("profile", profile);
  f("latency", latency);
  f("transfers", transfers);
  f("cycles", cycles);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("verdict", verdict);
  f("reason", reason);
  f("violations", violations);
}

void System::Netlist::fields(Fields& f) {
  f("target", target);
  f("sha256", sha256);
  f("tools", tools);
  f("cells", cells);
}

void System::fields(Fields& f) {
  f.schema(kSchema);
  head.fields(f);
  f("netlist", netlist);
  f("memory_bits", memory_bits);
  f("max_burst", max_burst);
  f("outstanding", outstanding);
  f("reason", reason);
  f("movers", movers);
  f("runs", runs);
  f("canaries", canaries);
  f("interval", interval);
  f("measured", measured);
}

}  // namespace assay::report
