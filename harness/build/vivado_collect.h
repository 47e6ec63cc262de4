// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/build/vivado_build.h"

namespace assay {

/// Takes the results of a board's project, which another machine's Vivado made, from options.collect into a run's
/// folder (vivado_results.h) and notes in reports/vivado-BOARD.json what they say. A netlist among them is not
/// simulated here. UserError where there is no project, where it or the results are not what they should be; then
/// nothing is written.
VivadoResult collect_vivado(const BuildOptions& options, const Console& console);

}  // namespace assay
