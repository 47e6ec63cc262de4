// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

namespace assay::report {

/// Labels that were right, of images that have one and came back.
struct HostLabels {
  std::int64_t images = 0, board_correct = 0, golden_correct = 0;
  void fields(Fields& f);
};

/// What a board said of itself.
struct HostBoard {
  std::string content_hash;
  std::int64_t clock_hz = 0, in_bytes = 0, in_beats = 0, out_bytes = 0, out_beats = 0;
  void fields(Fields& f);
};

/// reports/host.json
struct Host {
  static constexpr std::string_view kSchema = "assay.host/1";
  /// What went wrong on the line and was mended.
  struct Link {
    std::int64_t damaged = 0, repeats = 0, restarts = 0;
    void fields(Fields& f);
  };
  Program assay;
  std::string stage, stage_sha256;
  Data data;
  std::string port;                      ///< a serial port, or what was simulated
  std::optional<std::string> simulated;  ///< "rtl", "netlist", "bitstream"
  std::int64_t baud = 0;
  std::int64_t boards = 1;   ///< side by side; several only of simulated ones
  std::string content_hash;  ///< of the run's RTL
  std::optional<HostBoard> board;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t images = 0, predicted = 0, compared = 0,
               differing = 0;  ///< predicted and so on: frames
  std::optional<std::string> first_difference;
  Canaries canaries;
  std::optional<HostLabels> labels;
  double seconds = 0;
  std::optional<double> frames_per_second;
  std::optional<std::int64_t> cycles_per_frame;  ///< on the board, over the line
  Link link;
  void fields(Fields& f);
};

}  // namespace assay::report
