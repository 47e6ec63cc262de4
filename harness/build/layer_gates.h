// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "compile/backend/fpga/synthesis.h"
#include "compile/backend/fpga/tools.h"
#include "harness/report/build.h"
#include "harness/report/console.h"

namespace assay {

/// What lies in the folder then.
struct LayerGates {
  std::size_t kept = 0;       ///< of them were in the cache
  Named<std::string> sha256;  ///< of each layer's gates, by its name
};

/// Has Yosys make layer_files() of every layer of a job in folder `work`, where the job's files lie: side
/// by side, and each once, as what was made stays in the user's own cache folder under a key of all that
/// it was made from. `identity`: of this Yosys. ToolError as of run_tool(), and
/// where Yosys leaves no whole files.
LayerGates make_layer_gates(const fpga::Tool& yosys, const report::Build::Tool& identity,
                            const fpga::SynthesisJob& job, const std::filesystem::path& work,
                            const Console& console);

}  // namespace assay
