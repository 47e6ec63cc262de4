// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

namespace assay::report {

/// Run-time weights of a project for Vivado, as the processing system reaches them.
struct PlacedWeights {
  std::string port;
  std::int64_t base = 0, range = 0;
  std::int64_t memories = 0, words = 0;  ///< of 32 bits
  void fields(Fields& f);
};

/// reports/vivado-BOARD.json: a project for Vivado, what was checked of it, and what came of it.
struct Vivado {
  static constexpr std::string_view kSchema = "assay.vivado/1";
  struct Check {
    /// "components", "driver", "files", "link", "scripts", "vivado"; of results "bitstream", "netlist", "timing",
    /// "utilization"
    std::string check;
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    void fields(Fields& f);
  };
  struct Mover {
    std::string name, stream, tensor;
    std::int64_t base = 0, beat_bytes = 0, frame_beats = 0, frame_bytes = 0;
    void fields(Fields& f);
  };
  struct Used {
    std::string name;  ///< "Slice LUTs"
    double used = 0, available = 0;
    void fields(Fields& f);
  };
  struct Layer {
    std::string node, instance;
    std::optional<Resources> cells;  ///< as placed; nothing where Vivado dissolved it
    Resources estimates;             ///< before
    void fields(Fields& f);
  };
  /// What Vivado's reports say, beside what was estimated.
  struct Synthesis {
    std::vector<Used> used;                ///< of the whole design
    std::optional<Resources> accelerator;  ///< of this, without movers and what is around them
    Resources estimates;
    std::vector<Layer> layers;
    std::optional<double> setup_ns, hold_ns;  ///< worst slacks
    std::optional<double> fmax_mhz;
    void fields(Fields& f);
  };
  Program assay;
  std::string stage, stage_sha256, rtl_sha256;
  std::string board, part;
  double clock_mhz = 0;
  std::vector<Mover> movers;
  std::optional<PlacedWeights> weights;
  std::vector<Check> checks;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::string command;      ///< that makes the bitstream where Vivado is
  std::vector<File> files;  ///< of the project, as generated
  std::optional<File> bitfile, hw_handoff;
  std::optional<Synthesis> synthesis;
  std::optional<std::vector<File>> results;  ///< what Vivado left, and where it is kept
  std::optional<std::string> checksum;       ///< checksum.h
  void fields(Fields& f);
};

}  // namespace assay::report
