// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/backend/fpga/cell_counts.h"
#include "compile/backend/fpga/parts.h"
#include "harness/build/build_source.h"
#include "harness/report/build.h"
#include "harness/report/stage.h"

namespace assay {

/// What is known before anything is built: the run, the target, the layers and their estimates.
report::Build build_head(const BuildSource& source, const fpga::Target& target, double clock_mhz,
                         bool dsp);
void note_cells(report::Build& report, const fpga::CellCounts& counts);
void note_placement(report::Build& report, const fpga::PlaceRouteResult& result,
                    const fpga::CellOwners& owners);
/// Frames per second at the clock that was reached.
void note_speed(report::Build& report, std::optional<std::int64_t> interval);
/// What an earlier call placed.
void copy_placement(report::Build& report, const report::Build& from);

/// DoesNotFitError that says by how much, and which layers weigh, when cells are more than the part
/// has.
void require_fit(const report::Build& report, const fpga::Part& part);

std::string build_table(const report::Build& report, const report::Timing& timing);

}  // namespace assay
