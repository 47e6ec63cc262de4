// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/bits/built_design.h"
#include "harness/board/host.h"

namespace assay {

/// For HostOptions::simulator: what was built for a board, simulated side by side in the lanes of the
/// netlist simulator, each of which wakes up with other values where the device leaves them open. As many
/// as there are images, in steps of 64, and at most 256 per thread. `simulated`: becomes the file that was
/// read; it must outlive what is returned. UserError as of read_built(), for a part's build, and as of
/// board_pads().
BoardSimulator simulate_fleet(const std::string& target, BitsLevel level, std::uint64_t seed,
                              report::File& simulated);

}  // namespace assay
