// SPDX-License-Identifier: Apache-2.0
#include "harness/report/inspect.h"

namespace assay::report {

void Inspect::Folder::fields(Fields& f) {
  f("folder", folder);
  f("files", files);
  f("bytes", bytes);
}

void Inspect::Interface::fields(Fields& f) {
  f("port", port);
  f.word("direction", direction, {"in", "out"});
  f("tensor", tensor);
  f("dtype", dtype);
  f("lanes", lanes);
  f("data_bits", data_bits);
  f("tdata_bits", tdata_bits);
  f("beats", beats);
}

void Inspect::Partition::fields(Fields& f) {
  f("partition", partition);
  f("layers", layers);
  f("interfaces", interfaces);
  f("unknown", unknown);
  f("estimates", estimates);
  f("interval", interval);
}

void Inspect::Register::fields(Fields& f) {
  f("name", name);
  f("offset", offset);
  f("access", access);
  f("meaning", meaning);
}

void Inspect::Target::fields(Fields& f) {
  f("name", name);
  f("part", part);
  f("clock_mhz", clock_mhz);
  f("fmax_mhz", fmax_mhz);
  f("movers", movers);
  f("estimates", estimates);
  f("synthesised", synthesised);
  f("bitstream", bitstream);
}

void Inspect::Level::fields(Fields& f) {
  f("level", level);
  f.word("verdict", verdict, {"EQUIVALENT", "APPROXIMATE", "DIFFERENT", "INCONCLUSIVE"});
  f("reason", reason);
}

void Inspect::fields(Fields& f) {
  f.schema(kSchema);
  f("folders", folders);
  f("partitions", partitions);
  f("registers", registers);
  f("targets", targets);
  f("hashes", hashes);
  f("levels", levels);
  f("faults", faults);
}

}  // namespace assay::report
