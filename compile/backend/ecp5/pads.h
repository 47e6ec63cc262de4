// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/backend/ecp5/fabric.h"

namespace assay::ecp5 {

enum class Direction : std::uint8_t { kInput, kOutput };

/// What a pad is set to be. UserError where it is neither plainly an input nor an output, or unused.
Direction direction(Fabric& fabric, const Pad& pad);

}  // namespace assay::ecp5
