// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hw/layer_test.h"

namespace assay::hw::test {

/// Small layers that reach every module of rtl/ and every one of its parts: what is done to the
/// whole library is done to these. Memories are too small for block RAM, except in layers whose
/// names end in "Block".
std::vector<LayerCase> library_cases();

}  // namespace assay::hw::test
