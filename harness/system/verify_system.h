// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/report/console.h"
#include "harness/report/system.h"
#include "harness/rtl/simulation_options.h"

namespace assay {

struct VerifySystemOptions : SimulationOptions {
  int memory_bits = 64;  ///< of the data movers' port to memory
  std::string target;    ///< the part whose netlist is simulated; empty: the RTL
};

struct VerifySystemResult {
  report::System report;  ///< reports/system.json, of a netlist system-TARGET.json
  std::string table;      ///< for people
};

/// Level system: the accelerator behind its data movers, driven through their registers as a host does it.
/// Under each profile, which every channel of the memory has, all images go through in one transfer, and
/// then the last half in a second, so that what an accelerator takes to get into its stride is in both; every byte of every output's buffer is compared with golden's, padding
/// included, and the rules of AXI are watched. A comparison with a byte of every output's frame turned round
/// has to find it, at its place and nowhere else. Under "always" the cycles of a frame are measured from
/// memory to memory. With a target it is what Yosys makes of all that for the part, cells and memories, which
/// no RTL stands behind. UserError as of RtlSession, system_target() and SimulatedSystem.
VerifySystemResult verify_system(const VerifySystemOptions& options, const Console& console);

}  // namespace assay
