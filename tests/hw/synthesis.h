// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/hw/resources.h"
#include "hw/layer_runs.h"

namespace assay::hw::test {

/// What Yosys makes of a layer's RTL, counted in its cells. ToolError when it fails or leaves a
/// kind of cell that is not known here.
Resources synthesised(const Prepared& p, Family family);

}  // namespace assay::hw::test
