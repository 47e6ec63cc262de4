// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/netlist/netlist.h"

namespace assay::netlist::test {

/// An EHXPLLL that makes 60 MHz of 25.
inline ClockMaker ecp5_clock() {
  return {"EHXPLLL",
          {{"CLKI_DIV", 5},
           {"CLKFB_DIV", 12},
           {"CLKOP_DIV", 10},
           {"CLKOP_CPHASE", 5},
           {"CLKOP_FPHASE", 0},
           {"ICP_CURRENT", 12},
           {"LPF_RESISTOR", 8}}};
}

}  // namespace assay::netlist::test
