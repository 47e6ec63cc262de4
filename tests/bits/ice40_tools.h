// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/fpga/tools.h"

namespace assay {

/// Whether an iCE40 bitstream can be made, read back and proved here.
inline bool has_ice40_tools() {
  for (const char* tool : {"yosys", "yosys-abc", "nextpnr-ice40", "icepack", "iceunpack"})
    if (!fpga::has_tool(tool)) return false;
  return true;
}

}  // namespace assay
