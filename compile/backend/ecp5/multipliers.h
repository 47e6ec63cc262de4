// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/ecp5/extractor.h"

namespace assay::ecp5 {

/// Makes the multipliers of the DSP blocks, whether something depends on them or not: MULT18X18D without
/// registers, as build_multiplier() has it. UserError naming tile, block and setting where a DSP block does
/// anything else: registers, adders (ALU54B), halves (MULT9X9D), cascades. That signs are constants and
/// factors are a block's own is for check_constants().
void make_multipliers(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist);

}  // namespace assay::ecp5
