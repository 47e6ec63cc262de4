// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "compile/backend/ice40/tiles.h"

namespace assay::ice40 {
namespace {

/// What is left of logic cells in these tiles is a wire from input 2, or nothing.
constexpr std::uint32_t kWire =
    1U << 0 | 1U << 1 | 1U << 6 | 1U << 7 | 1U << 10 | 1U << 11 | 1U << 16 | 1U << 17;

void check_hard_tile(Fabric& fabric, int x, int y) {
  explain_column_buffers(fabric, x, y);
  const std::string kind(tile_name(fabric.db().tile(x, y)));
  for (int i = 0; i < 8; ++i) {
    const std::string setting = fmt::format("IpConfig.CBIT_{}", i);
    if (fabric.has(x, y, setting) && fabric.value(x, y, setting) != 0)
      fabric.refuse(x, y, "a DSP, SPRAM or other hard block is on, which has no model");
    const std::uint32_t cell = fabric.value(x, y, fmt::format("LC_{}", i));
    if (cell != 0 && cell != kWire)
      fabric.refuse(x, y, fmt::format("cell {} is not as in a tile without logic cells", i));
    for (const char* name : {"IPCON", "MULT0", "MULT1", "MULT2", "MULT3"}) {
      const std::string cascade = fmt::format("Cascade.{}_LC0{}_inmux02_5", name, i);
      if (fabric.has(x, y, cascade)) fabric.value(x, y, cascade);
    }
    for (int k = 0; k < 4; ++k) {
      const std::string pin = fmt::format("lutff_{}/in_{}", i, k);
      if (fabric.db().wire(x, y, pin) && fabric.is_led(x, y, pin))
        fabric.refuse(x, y, "a hard block reads '" + pin + "', which has no model");
    }
  }
}

}  // namespace

void check_hard_tiles(Fabric& fabric) {
  for (const TileKind kind :
       {TileKind::kDsp0, TileKind::kDsp1, TileKind::kDsp2, TileKind::kDsp3, TileKind::kIpcon})
    for_each_tile(fabric, kind, [&](int x, int y) { check_hard_tile(fabric, x, y); });
}

}  // namespace assay::ice40
