// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/hw/boards.h"
#include "compile/hw/resources.h"

namespace assay::zynq {

/// No region of its own: the logic goes wherever it finds place.
inline constexpr int kNoRegion = -1;

/// The super logic region of a card for an accelerator that is estimated to take so much: the first, whose memory
/// the movers use, while three quarters of a region's share of the card hold it; the rest is the platform's and the
/// movers'. kNoRegion for one that is larger, and on parts that have one region.
int accelerator_region(const hw::Board& board, const hw::Resources& needs);

}  // namespace assay::zynq
