// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/fpga/part.h"

namespace assay::fpga {

/// A board that one can buy, from its public documentation.
struct Board {
  std::string name;  ///< "icebreaker"
  std::string part;  ///< the name of its part
  std::string clock;
  double clock_mhz = 0;
  /// Pins of the part: where it hears the computer, and where it speaks to it.
  std::string uart_rx, uart_tx;
  std::string led;
  bool led_low = false;  ///< it shines at 0
  std::string button;    ///< for the reset; empty: there is none
  bool button_low = false;
  bool clock_on_pll = false;  ///< its clock's pad is a PLL's own, and no other PLL can take it
};

const std::vector<Part>& parts();
const std::vector<Board>& boards();

/// What a bitstream is made for.
struct Target {
  std::string name;
  const Part* part = nullptr;
  const Board* board = nullptr;  ///< null: a part alone
};

/// The series of a part of AMD's, as Yosys calls it: "xc7", or "xcup" of all UltraScale+.
std::string_view xilinx_generation(const Part& part);

/// UserError listing the parts and boards that there are, and the nearest.
Target find_target(std::string_view name);

/// The next larger part of the family, and of AMD's of the series; null when there is none.
const Part* larger_part(const Part& part);

}  // namespace assay::fpga
