// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/netlist/cells.h"

namespace assay::netlist {

/// DSP48E1 and DSP48E2 as tables and flip-flops, which wake up as 0. Refused by name: SIMD, a carry in other than
/// CARRYIN, outputs of carries, signs and patterns, and an OPMODE that may become one which the vendor does not
/// define; of INMODE the first register of A or B where AREG or BREG is 1. Of DSP48E2 also wide XORs, B or both
/// factors before the product's adder, and logic of four numbers.
void build_dsp48(const Cell& cell);

}  // namespace assay::netlist
