// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// A block RAM of iCE40, whoever says what it is: 256 words of 16 bits, seen through ports of 16, 8, 4 and
/// 2 bits in modes 0 to 3.
struct Ice40Ram {
  std::string name;
  int read_mode = 0, write_mode = 0;
  bool read_falling = false, write_falling = false;
  std::array<std::uint16_t, 256> words{};
  Net rclk = kZero, rclke = kOne, re = kZero;
  Net wclk = kZero, wclke = kOne, we = kZero;
  /// Of the addresses the bits above 7 are those within a word, as many as the mode has.
  std::array<Net, 11> raddr{}, waddr{};
  std::array<Net, 16> mask{};  ///< 1: a bit is not written; mode 0 only
  std::array<Net, 16> wdata{};
  /// All driven; those that a mode does not use are 0.
  std::array<Net, 16> rdata{};
};

/// A memory of units as wide as the narrower port: two RAMs that do the same have the same memory. Data are
/// unknown before the first read; a read at the edge of a write sees what was there before.
void add_ice40_ram(Netlist& netlist, const Ice40Ram& ram);

}  // namespace assay::netlist
