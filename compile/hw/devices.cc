// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/devices.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/hw/boards.h"

namespace assay::hw {
namespace {

constexpr std::int64_t kRamb18 = 18 * 1024, kIce40Block = 4 * 1024, kEcp5Block = 18 * 1024;

}  // namespace

const std::vector<Device>& devices() {
  // LUTs, flip-flops, block RAMs (a RAMB36 counts as two RAMB18), DSP blocks, from AMD's DS190
  // (Zynq-7000), DS180 (7 series), DS891 (Zynq UltraScale+), DS889 (its RFSoCs), DS987 (Kria K26), DS962 (Alveo U200 and
  // U250), DS963 (U280), DS965 (U50) and DS978 (U55C), without UltraRAM; from
  // Lattice's DS1040 (iCE40 LP/HX), FPGA-DS-02008 (iCE40 UltraPlus) and FPGA-DS-02012 (ECP5).
  static const std::vector<Device> table = {
      {"xc7z010", Family::kXilinx, {17600, 35200, 120, 80}, kRamb18},
      {"xc7z020", Family::kXilinx, {53200, 106400, 280, 220}, kRamb18},
      {"xc7z045", Family::kXilinx, {218600, 437200, 1090, 900}, kRamb18},
      {"xc7a35t", Family::kXilinx, {20800, 41600, 100, 90}, kRamb18},
      {"xc7a100t", Family::kXilinx, {63400, 126800, 270, 240}, kRamb18},
      {"xc7a200t", Family::kXilinx, {134600, 269200, 730, 740}, kRamb18},
      {"xc7k325t", Family::kXilinx, {203800, 407600, 890, 840}, kRamb18},
      {"xczu3eg", Family::kXilinx, {70560, 141120, 432, 360}, kRamb18},
      {"xczu7ev", Family::kXilinx, {230400, 460800, 624, 1728}, kRamb18},
      {"xczu9eg", Family::kXilinx, {274080, 548160, 1824, 2520}, kRamb18},
      {"xczu28dr", Family::kXilinx, {425280, 850560, 2160, 4272}, kRamb18},
      {"xczu48dr", Family::kXilinx, {425280, 850560, 2160, 4272}, kRamb18},
      {"xck26", Family::kXilinx, {117120, 234240, 288, 1248}, kRamb18},
      {"xcu50", Family::kXilinx, {871680, 1743360, 2688, 5952}, kRamb18},
      {"xcu200", Family::kXilinx, {1182240, 2364480, 4320, 6840}, kRamb18},
      {"xcu250", Family::kXilinx, {1728000, 3456000, 5376, 12288}, kRamb18},
      {"xcu280", Family::kXilinx, {1303680, 2607360, 4032, 9024}, kRamb18},
      {"xcu55c", Family::kXilinx, {1303680, 2607360, 4032, 9024}, kRamb18},
      {"ice40hx8k", Family::kIce40, {7680, 7680, 32, 0}, kIce40Block},
      {"up5k", Family::kIce40, {5280, 5280, 30, 8}, kIce40Block},
      {"ecp5-25", Family::kEcp5, {24288, 24288, 56, 28}, kEcp5Block},
      {"ecp5-45", Family::kEcp5, {43848, 43848, 108, 72}, kEcp5Block},
      {"ecp5-85", Family::kEcp5, {83640, 83640, 208, 156}, kEcp5Block}};
  return table;
}

const Device& find_device(std::string_view name) {
  const Board* board = find_board(name);
  const std::string_view wanted = board ? board->device : name;
  const auto& all = devices();
  const auto it = std::ranges::find_if(
      all, [&](const Device& device) { return same_name(device.name, wanted); });
  if (it != all.end()) return *it;
  user_error("no device is called '{}'; choose one of {}", printable(name), device_names());
}

std::string device_names() {
  std::string names;
  for (const Device& device : devices())
    names += (names.empty() ? "" : ", ") + std::string(device.name);
  names += "; or the board ";
  for (const Board& board : boards())
    names += (&board == &boards().front() ? "" : ", ") + std::string(board.name);
  return names;
}

Resources estimate_resources(const Layer& layer, const Device& device) {
  return estimate_resources(layer, device.family, device.has.dsp > 0);
}

}  // namespace assay::hw
