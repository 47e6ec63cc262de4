// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compile/hw/boards.h"

namespace assay::zynq {

/// What a processing system calls the things that the logic is connected to.
struct SystemKind {
  hw::BoardSystem system;
  std::string_view ip;        ///< "processing_system7"
  std::string_view external;  ///< what its automation leads to pads
  std::string_view clock, reset, interrupts;
  std::string_view control, control_clock;
  std::string_view settings;                                    ///< always, as a list of Tcl
  std::string_view clock_setting, port_setting, width_setting;  ///< the last two of a memory port
  int memory_bits, max_burst, memory_ports, most_interrupts, first_port;
  double most_mhz;                           ///< that its clock to the logic may have
  std::int64_t control_base, control_range;  ///< of the window that its master reaches
  std::int64_t most_memory;                  ///< that a port's lowest segment spans

  /// Of memory port `port`.
  std::string memory(int port) const;
  std::string memory_clock(int port) const;
  std::string segment(int port) const;
};

/// Whether there is a platform's shell in place of a processing system.
inline bool is_platform(const hw::Board& board) { return board.system == hw::BoardSystem::kAlveo; }
/// Of a board that is no platform.
const SystemKind& system_of(const hw::Board& board);

}  // namespace assay::zynq
