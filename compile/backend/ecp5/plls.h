// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/ecp5/extractor.h"

namespace assay::ecp5 {

/// Makes the clocks of the PLLs that are on, whether something depends on them or not, of clocks that come
/// from inputs of the design, which are there by now. UserError where one is not as add_ecp5_pll() has
/// them, or a bit of one that is off is set; pins that can stop or change it are for check_constants().
void make_plls(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist);

}  // namespace assay::ecp5
