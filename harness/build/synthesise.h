// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "compile/backend/fpga/synthesis.h"
#include "compile/backend/fpga/tools.h"
#include "harness/build/build_source.h"
#include "harness/build/layer_gates.h"
#include "harness/report/build.h"
#include "harness/report/console.h"

namespace assay {

/// Those that a family's netlists are made with, the first that makes no known fault. Of 7 series all that
/// there are: Debian 12 has one that is known to make wrong block RAMs. ToolError where there is none.
std::vector<fpga::Tool> synthesisers(netlist::Family family);
report::Build::Tool tool_identity(const fpga::Tool& tool);

/// By `yosys` layers become gates. The tables of the whole are made by `linker`: of a large design
/// WebAssembly has no memory for that, and block RAMs, at which the linker may be at fault, are in layers
/// alone.
struct Synthesiser {
  fpga::Tool yosys, linker;
  report::Build::Tool identity;  ///< of `yosys`
};

/// Has Yosys write `files` of a job into the empty folder `work`, where `sources` are put first, and says
/// every twenty seconds that it goes on. ToolError as make_layer_gates().
LayerGates synthesise(const fpga::SynthesisJob& job, const std::vector<BuildSource::File>& sources,
                      const Synthesiser& by, const fpga::SynthesisFiles& files,
                      const std::filesystem::path& work, const Console& console);

}  // namespace assay
