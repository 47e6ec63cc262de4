// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "hw/layer_runs.h"
#include "sim/model/model.h"

/// Yosys, as far as tests need it.
namespace assay::hw::test {

/// Whether there is a yosys in PATH; tests that need one skip otherwise, with this message.
bool has_yosys();
inline constexpr std::string_view kNoYosys = "needs yosys; install the Debian package yosys";

/// The commands that read a layer's RTL, elaborated from its wrapper.
std::string read_rtl(const Prepared& p);

/// Runs Yosys commands in the layer's folder, where its sources are put first. ToolError when it
/// fails or takes longer than the limit.
void run_yosys(const Prepared& p, const std::string& commands,
               std::chrono::seconds limit = std::chrono::seconds(600));

enum class Target { kIce40, kXilinx, kUltraScale };

/// Adds the layer as a netlist of the target's cells to a model of such netlists, together with the
/// models of the cells from Yosys' library. ToolError when Yosys fails or uses a cell that its
/// library only declares: that would simulate without an error, wrongly.
void add_netlist(sim::ModelSpec& spec, const Prepared& p, Target target);

}  // namespace assay::hw::test
