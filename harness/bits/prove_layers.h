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

/// The Yosys that made the layers of what was built. UserError when it is not there.
fpga::Tool layer_yosys(const report::Build& build);

/// Tries to prove that a layer's gates, which lie in `folder` with the job's files, give the outputs of its RTL
/// for all inputs and states. The RTL is what Yosys reads, with its memories as Yosys maps them: these are on
/// both sides. All else is first as it stands, then behind Yosys' `opt`. Values that the RTL leaves open are
/// chosen on its side, so that it does not close where synthesis chose others, such as those of words behind
/// a ROM's last one.
report::LayerProof prove_layer(const fpga::Tool& yosys, const fpga::SynthesisJob& job,
                               const fpga::LayerJob& layer, std::uint64_t seed,
                               const std::filesystem::path& folder);

/// Each different layer of what was built. The layers are made again where the user's cache has them not.
/// UserError when they are not those that the netlist was made of.
std::vector<report::LayerProof> prove_layers(const fpga::Tool& yosys, const BuildSource& source,
                                             const report::Build& build, std::uint64_t seed,
                                             const Console& console);

}  // namespace assay
