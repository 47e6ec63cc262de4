// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// A block RAM of the 7 series or of UltraScale+, RAMB18 or RAMB36.
struct XilinxRam {
  enum class WriteMode : std::uint8_t { kWriteFirst, kReadFirst, kNoChange };
  struct Port {
    int read_width = 0, write_width = 0;  ///< 0: not in use
    Net clock = kZero;
    bool falling = false;
    Net enable = kZero;
    std::vector<Net> address;  ///< of bits, 14 or 15
    std::vector<Net> in, out;  ///< the ninth bit of a byte behind it; of out all driven
    std::vector<Net> writes;   ///< an enable per 9 bits of data
    WriteMode mode = WriteMode::kWriteFirst;
  };
  std::string name;
  bool large = false;   ///< RAMB36
  bool simple = false;  ///< SDP: A reads and B writes
  std::vector<bool> data, parity;
  Port a, b;
};

/// A memory of units of 9 bits, or as wide as the narrowest port where all are below 9. Data are 0 before the
/// first read. What the other port reads at the edge of a write is what was there before, which the
/// vendor promises of READ_FIRST, and Yosys uses nowhere else. Returns why there is no model, else "".
std::string add_xilinx_ram(Netlist& netlist, const XilinxRam& ram);

}  // namespace assay::netlist
