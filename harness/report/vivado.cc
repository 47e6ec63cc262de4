// SPDX-License-Identifier: Apache-2.0
#include "harness/report/vivado.h"

namespace assay::report {

void Vivado::Check::fields(Fields& f) {
  f.word("check", check, {"components", "driver", "files", "link", "scripts", "vivado"});
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
  f("checks", checks);
  f("verdict", verdict);
  f("reason", reason);
  f("command", command);
  f("files", files);
  f("bitfile", bitfile);
  f("hw_handoff", hw_handoff);
  f.where_given("checksum", checksum);
}

}  // namespace assay::report
