// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace assay::hw {

/// What is around the logic of a part.
enum class BoardSystem : std::uint8_t {
  kZynq7000,        ///< a PS7: four S_AXI_HP of 64 bits, AXI3
  kZynqUltraScale,  ///< an MPSoC or RFSoC: four S_AXI_HPx_FPD of 128 bits, AXI4
  kAlveo,           ///< the shell of a platform
};

/// A board that AMD's tools make bitstreams for.
struct Board {
  std::string_view name;    ///< "Pynq-Z1"
  std::string_view device;  ///< of devices(): "xc7z020"
  std::string_view part;    ///< with package and speed, as Vivado calls it: "xc7z020clg400-1"
  /// Its board files without their version: "www.digilentinc.com:pynq-z1:part0". Empty: none that is
  /// sure, and the processing system gets no preset.
  std::string_view board_part;
  BoardSystem system = BoardSystem::kZynq7000;
  double clock_mhz = 100;      ///< unless another is asked for
  std::int64_t memory_mb = 0;  ///< DDR of the processing system
  // Alveo alone.
  std::string_view platform = {};  ///< "xilinx_u250_gen3x16_xdma_4_1_202210_1"
  int slrs = 1;                    ///< super logic regions
  std::string_view memory = {};    ///< what banks are called: "DDR", "HBM"
  int banks = 0;                   ///< of them
};

const std::vector<Board>& boards();
/// Null when there is none of that name.
const Board* find_board(std::string_view name);

/// Names of boards and parts are the same whatever their case, and with '_' for '-'.
bool same_name(std::string_view a, std::string_view b);

}  // namespace assay::hw
