// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/build.h"
#include "harness/report/rtl.h"

namespace assay::report {

/// reports/system.json, of a part's netlist system-TARGET.json: the accelerator behind its data movers, driven as a host drives it, with frames in
/// a memory.
struct System {
  static constexpr std::string_view kSchema = "assay.system/1";
  struct Mover {
    std::string name, stream;  ///< "idma0", "s_axis"
    std::int64_t beat_bytes = 0, slot_bytes = 0, frame_beats = 0;
    void fields(Fields& f);
  };
  struct Run {
    std::string profile;         ///< of every channel of the memory
    std::int64_t latency = 0;    ///< of the memory, in cycles
    std::int64_t transfers = 0;  ///< one behind the other, of all frames and of half
    std::int64_t cycles = 0;     ///< of the first
    std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats of outputs
    Verdict verdict = Verdict::kInconclusive;
    std::string reason;
    std::vector<RtlOutcome::Violation> violations;
    void fields(Fields& f);
  };
  /// What was simulated in the place of the RTL.
  struct Netlist {
    std::string target;  ///< the part
    std::string sha256;  ///< of Yosys' JSON
    std::vector<Build::Tool> tools;
    Build::Cells cells;
    void fields(Fields& f);
  };
  RtlHead head;
  std::optional<Netlist> netlist;  ///< none: the RTL
  std::int64_t memory_bits = 64, max_burst = 16, outstanding = 4;
  std::string reason;
  std::vector<Mover> movers;
  std::vector<Run> runs;
  Canaries canaries;
  /// Cycles from frame to frame, of the slowest layer's formula and as measured from memory to memory with a
  /// memory that never waits; none: that was not simulated, or with too few frames.
  std::int64_t interval = 0;
  std::optional<double> measured;
  void fields(Fields& f);
};

}  // namespace assay::report
