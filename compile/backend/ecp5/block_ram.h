// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/ecp5/extractor.h"

namespace assay::ecp5 {

/// Makes the block RAM that has `output` as one of its outputs. UserError where it has a mode that there is
/// no rule for: output registers, resets in use, and what add_ecp5_ram() has no model of.
void make_block_ram(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist,
                    const Bitfile& bits, const Wire& output);

}  // namespace assay::ecp5
