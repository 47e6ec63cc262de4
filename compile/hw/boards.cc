// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/boards.h"

#include <algorithm>

namespace assay::hw {
namespace {

constexpr auto kZynq = BoardSystem::kZynq7000;
constexpr auto kMpsoc = BoardSystem::kZynqUltraScale;
constexpr auto kAlveo = BoardSystem::kAlveo;

char plain(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '_' ? '-' : c;
}

}  // namespace

const std::vector<Board>& boards() {
  // Parts and memories: the makers' manuals of the boards (Digilent, TUL, Avnet, RealDigital; AMD's UG954,
  // UG1182, UG1267, UG1271 and DS987). Board files: Vivado's board store. Alveo: DS962, DS963, DS965 and
  // DS978; platforms and their regions: UG1120.
  static const std::vector<Board> table = {
      {"Pynq-Z1", "xc7z020", "xc7z020clg400-1", "www.digilentinc.com:pynq-z1:part0", kZynq, 100,
       512},
      {"Pynq-Z2", "xc7z020", "xc7z020clg400-1", "tul.com.tw:pynq-z2:part0", kZynq, 100, 512},
      {"Zybo-Z7-10", "xc7z010", "xc7z010clg400-1", "digilentinc.com:zybo-z7-10:part0", kZynq, 100,
       1024},
      {"Zybo-Z7-20", "xc7z020", "xc7z020clg400-1", "digilentinc.com:zybo-z7-20:part0", kZynq, 100,
       1024},
      {"Arty-Z7-10", "xc7z010", "xc7z010clg400-1", "digilentinc.com:arty-z7-10:part0", kZynq, 100,
       512},
      {"Arty-Z7-20", "xc7z020", "xc7z020clg400-1", "digilentinc.com:arty-z7-20:part0", kZynq, 100,
       512},
      {"ZedBoard", "xc7z020", "xc7z020clg484-1", "", kZynq, 100, 512},
      {"ZC706", "xc7z045", "xc7z045ffg900-2", "xilinx.com:zc706:part0", kZynq, 100, 1024},
      {"Ultra96", "xczu3eg", "xczu3eg-sbva484-1-e", "avnet.com:ultra96v1:part0", kMpsoc, 100, 2048},
      {"Ultra96-V2", "xczu3eg", "xczu3eg-sbva484-1-i", "avnet.com:ultra96v2:part0", kMpsoc, 100,
       2048},
      {"ZCU102", "xczu9eg", "xczu9eg-ffvb1156-2-e", "xilinx.com:zcu102:part0", kMpsoc, 100, 4096},
      {"ZCU104", "xczu7ev", "xczu7ev-ffvc1156-2-e", "xilinx.com:zcu104:part0", kMpsoc, 100, 2048},
      {"ZCU111", "xczu28dr", "xczu28dr-ffvg1517-2-e", "xilinx.com:zcu111:part0", kMpsoc, 100, 4096},
      {"RFSoC2x2", "xczu28dr", "xczu28dr-ffvg1517-2-e", "xilinx.com:rfsoc2x2:part0", kMpsoc, 100,
       4096},
      {"RFSoC4x2", "xczu48dr", "xczu48dr-ffvg1517-2-e", "realdigital.org:rfsoc4x2:part0", kMpsoc,
       100, 4096},
      {"KV260_SOM", "xck26", "xck26-sfvc784-2LV-c", "xilinx.com:kv260_som:part0", kMpsoc, 100,
       4096},
      {"U50", "xcu50", "xcu50-fsvh2104-2L-e", "", kAlveo, 200, 0,
       "xilinx_u50_gen3x16_xdma_5_202210_1", 2, "HBM", 32},
      {"U200", "xcu200", "xcu200-fsgd2104-2-e", "", kAlveo, 200, 0,
       "xilinx_u200_gen3x16_xdma_2_202110_1", 3, "DDR", 4},
      {"U250", "xcu250", "xcu250-figd2104-2L-e", "", kAlveo, 200, 0,
       "xilinx_u250_gen3x16_xdma_4_1_202210_1", 4, "DDR", 4},
      {"U280", "xcu280", "xcu280-fsvh2892-2L-e", "", kAlveo, 200, 0,
       "xilinx_u280_gen3x16_xdma_1_202211_1", 3, "HBM", 32},
      {"U55C", "xcu55c", "xcu55c-fsvh2892-2L-e", "", kAlveo, 200, 0,
       "xilinx_u55c_gen3x16_xdma_3_202210_1", 3, "HBM", 32}};
  return table;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, plain, plain);
}

const Board* find_board(std::string_view name) {
  const auto it = std::ranges::find_if(
      boards(), [&](const Board& board) { return same_name(board.name, name); });
  return it == boards().end() ? nullptr : &*it;
}

}  // namespace assay::hw
