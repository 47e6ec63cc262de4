// SPDX-License-Identifier: Apache-2.0
#include "harness/report/host.h"

namespace assay::report {

void HostBoard::fields(Fields& f) {
  f("content_hash", content_hash);
  f("clock_hz", clock_hz);
  f("in_bytes", in_bytes);
  f("in_beats", in_beats);
  f("out_bytes", out_bytes);
  f("out_beats", out_beats);
}

void Host::Link::fields(Fields& f) {
  f("damaged", damaged);
  f("repeats", repeats);
  f("restarts", restarts);
}

void HostLabels::fields(Fields& f) {
  f("images", images);
  f("board_correct", board_correct);
  f("golden_correct", golden_correct);
}

void Host::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("data", data);
  f("port", port);
  f.word("simulated", simulated, {"rtl", "netlist", "bitstream"});
  f("baud", baud);
  f("boards", boards);
  f("content_hash", content_hash);
  f("board", board);
  f("verdict", verdict);
  f("reason", reason);
  f("images", images);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("first_difference", first_difference);
  f("canaries", canaries);
  f("labels", labels);
  f("seconds", seconds);
  f("frames_per_second", frames_per_second);
  f("cycles_per_frame", cycles_per_frame);
  f("link", link);
}

}  // namespace assay::report
