// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// A block RAM of ECP5, whoever says what it is: 1024 words of 18 bits, each two units of 9 with the ninth
/// bit unseen by ports of 1, 2 and 4 bits.
struct Ecp5Ram {
  enum class WriteMode : std::uint8_t { kNormal, kWriteThrough, kReadBeforeWrite };
  struct Port {
    int width = 18;  ///< 1, 2, 4, 9, 18; 36 makes A a write port and B a read port
    Net clock = kZero;
    bool falling = false;
    Net enable = kZero, write = kZero;
    /// 14. From 18 bits on the lowest enable writing of 9 bits each.
    std::vector<Net> address;
    std::vector<Net> in, out;  ///< 18; of out all driven, unused ones are 0
    WriteMode mode = WriteMode::kNormal;
  };
  std::string name;
  std::array<std::uint32_t, 1024> words{};
  Port a, b;
};

/// A memory of units of 9 bits, or as wide as the narrower port where both are below 9. Its data are 0 before
/// the first read, a read at the edge of the other port's write sees what was there before. At 36 bits
/// A's pins are the low half. Returns why there is no model, else "".
std::string add_ecp5_ram(Netlist& netlist, const Ecp5Ram& ram);

}  // namespace assay::netlist
