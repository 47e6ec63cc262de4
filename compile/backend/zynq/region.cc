// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/region.h"

#include <cstdint>

#include "compile/hw/devices.h"

namespace assay::zynq {

int accelerator_region(const hw::Board& board, const hw::Resources& needs) {
  if (board.slrs == 1) return kNoRegion;
  const hw::Resources& has = hw::find_device(board.device).has;
  const auto fits = [&](std::int64_t need, std::int64_t all) {
    return std::int64_t{4} * board.slrs * need <= 3 * all;
  };
  return fits(needs.lut, has.lut) && fits(needs.ff, has.ff) && fits(needs.bram, has.bram) &&
                 fits(needs.dsp, has.dsp)
             ? 0
             : kNoRegion;
}

}  // namespace assay::zynq
