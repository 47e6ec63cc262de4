// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "compile/netlist/netlist.h"
#include "sim/bench/bench.h"

namespace assay::sim {

/// A netlist in the place of a simulation program's design: its ports are clk_i, rst_ni, in0_valid_i,
/// in0_ready_o, in0_data_i, out0_.., mon0_.. as generated views have them. It is simulated in 64 lanes, which
/// are driven alike and wake up with other values, drawn from `seed`, in what has no initial one: eval()
/// throws std::runtime_error, naming the port, when they do not say the same out of reset; data speak where
/// they are valid. UserError as NetlistSimulator, and where the ports are no view's.
std::unique_ptr<Dut> netlist_dut(netlist::Netlist netlist, std::uint64_t seed);

}  // namespace assay::sim
