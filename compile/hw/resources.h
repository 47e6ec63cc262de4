// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "compile/hw/layer.h"

/// What layers take on an FPGA. Estimates: formulas over the parameters of the RTL modules, which
/// docs/folding.md compares with what Yosys makes of them.
namespace assay::hw {

enum class Family {
  kXilinx,  ///< 7 series and UltraScale+: six-input LUTs, RAMB18, DSP48
  kIce40,   ///< four-input LUTs, EBR of 4 Kbit; memories of LUTs become flip-flops
  kEcp5,    ///< four-input LUTs, EBR of 18 Kbit, multipliers of 18 x 18
};
std::string_view family_name(Family family);  ///< "xilinx", "ice40", "ecp5"
/// Whether a table can be a memory; else one outside of block RAM is registers.
constexpr bool has_lut_memories(Family family) { return family != Family::kIce40; }

struct Resources {
  std::int64_t lut = 0, ff = 0;
  std::int64_t bram = 0;  ///< block RAMs of the family: RAMB18 or EBR
  std::int64_t dsp = 0;

  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// An estimate for a layer. Without `has_dsp` multipliers are made of LUTs.
Resources estimate_resources(const Layer& layer, Family family, bool has_dsp);

}  // namespace assay::hw
