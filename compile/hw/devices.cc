// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/devices.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::hw {
namespace {

constexpr std::int64_t kRamb18 = 18 * 1024, kIce40Block = 4 * 1024, kEcp5Block = 18 * 1024;

}  // namespace

const std::vector<Device>& devices() {
  // LUTs, flip-flops, block RAMs (a RAMB36 counts as two RAMB18), DSP blocks, from AMD's DS190
  // (Zynq-7000), DS891 (Zynq UltraScale+) and DS962 (Alveo U200 and U250), without UltraRAM; from
  // Lattice's DS1040 (iCE40 LP/HX), FPGA-DS-02008 (iCE40 UltraPlus) and FPGA-DS-02012 (ECP5).
  static const std::vector<Device> table = {
      {"xc7z020", Family::kXilinx, {53200, 106400, 280, 220}, kRamb18},
      {"xczu3eg", Family::kXilinx, {70560, 141120, 432, 360}, kRamb18},
      {"xczu7ev", Family::kXilinx, {230400, 460800, 624, 1728}, kRamb18},
      {"xcu250", Family::kXilinx, {1728000, 3456000, 5376, 12288}, kRamb18},
      {"ice40hx8k", Family::kIce40, {7680, 7680, 32, 0}, kIce40Block},
      {"up5k", Family::kIce40, {5280, 5280, 30, 8}, kIce40Block},
      {"ecp5-25", Family::kEcp5, {24288, 24288, 56, 28}, kEcp5Block},
      {"ecp5-45", Family::kEcp5, {43848, 43848, 108, 72}, kEcp5Block},
      {"ecp5-85", Family::kEcp5, {83640, 83640, 208, 156}, kEcp5Block}};
  return table;
}

const Device& find_device(std::string_view name) {
  const auto& all = devices();
  const auto it = std::ranges::find(all, name, &Device::name);
  if (it != all.end()) return *it;
  std::string names;
  for (const Device& device : all) names += (names.empty() ? "" : ", ") + std::string(device.name);
  user_error("no device is called '{}'; choose one of {}", printable(name), names);
}

Resources estimate_resources(const Layer& layer, const Device& device) {
  return estimate_resources(layer, device.family, device.has.dsp > 0);
}

}  // namespace assay::hw
