// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "compile/backend/fpga/synthesis.h"
#include "compile/backend/fpga/tools.h"
#include "harness/build/build_source.h"
#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/report/console.h"

namespace assay {

/// Tries to prove that a layer's gates, which lie in `folder` with the job's files, give the outputs of its RTL
/// as Yosys reads it, for all inputs and states: first of the RTL as it stands, then behind Yosys' `opt`.
/// It does not close where the RTL leaves values open, such as of words behind a ROM's last one, which
/// synthesis chooses.
report::LayerProof prove_layer(const fpga::Tool& yosys, const fpga::SynthesisJob& job,
                               const fpga::LayerJob& layer, std::uint64_t seed,
                               const std::filesystem::path& folder);

/// Each different layer of what was built. The layers are made again where the user's cache has them not.
/// UserError when the Yosys that made them is not there.
std::vector<report::LayerProof> prove_layers(const BuildSource& source, const report::Build& build,
                                             std::uint64_t seed, const Console& console);

}  // namespace assay
