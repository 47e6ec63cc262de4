// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

namespace assay::report {

/// In build/TARGET: report::Timing of its steps, and of the levels that were verified.
inline constexpr const char* kBuildTiming = "timing.json";

/// reports/build-TARGET.json; build/TARGET/build.json while it is made.
struct Build {
  static constexpr std::string_view kSchema = "assay.build/1";
  struct Target {
    std::string name;
    std::string part, family;
    std::string device, package;  ///< as the tools call them; empty: no open tools place it
    std::optional<std::string> board;
    Resources has;
    void fields(Fields& f);
  };
  struct Tool {
    std::string name, version, sha256;
    void fields(Fields& f);
    friend bool operator==(const Tool&, const Tool&) = default;
  };
  /// A step that is done: what went in, and the files that came out.
  struct Step {
    std::string step;           ///< "netlist", "routed", "bitstream"
    std::string inputs_sha256;  ///< of everything that decides the result
    std::vector<File> files;
    void fields(Fields& f);
  };
  /// What cells a part of the design takes.
  struct Cells {
    std::int64_t lut = 0, ff = 0, carry = 0, bram = 0, dsp = 0;
    void fields(Fields& f);
  };
  struct Layer {
    std::string node, instance, op;
    Cells cells;          ///< as synthesised
    Resources estimates;  ///< before
    std::int64_t placed = 0;
    std::optional<std::vector<std::int64_t>> box;  ///< where: left, top, right, bottom
    void fields(Fields& f);
  };
  struct Seed {
    std::int64_t seed = 0;
    double fmax_mhz = 0;
    void fields(Fields& f);
  };
  struct Used {
    std::string name;
    std::int64_t used = 0, available = 0;
    void fields(Fields& f);
  };
  struct Path {
    std::string kind, from, to, from_layer, to_layer, net;
    double ns = 0;
    void fields(Fields& f);
  };
  Program assay;
  std::string stage, stage_sha256, rtl_sha256, design;
  Target target;
  double clock_mhz = 0;
  std::optional<std::int64_t> baud;  ///< of a board's serial line
  bool dsp = false;  ///< all products may go into DSP blocks, not only those that folding put there
  std::vector<Tool> tools;
  std::vector<Step> steps;
  std::optional<Named<std::string>>
      layer_gates;            ///< SHA-256 of each different layer's, by its name
  Named<std::int64_t> cells;  ///< by type
  Cells total, between;       ///< between: of no layer
  Resources estimates;
  std::vector<Layer> layers;
  std::vector<Seed> seeds;
  std::int64_t seed = 0;  ///< the one that was kept
  std::vector<Used> used;
  double fmax_mhz = 0;
  std::vector<Path> critical_path;
  std::optional<std::int64_t> interval;  ///< cycles per frame, as rtl-top measured them
  std::optional<double> frames_per_second;
  std::optional<std::string> checksum;  ///< checksum.h
  void fields(Fields& f);
};

}  // namespace assay::report
