// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/hw/layer.h"
#include "harness/report/parts.h"

namespace assay {

/// What came of reading a node's memory files back: the weights and thresholds of its constants.
/// `first`: "weights.hex: weight [3,7] is 2 in the graph and -1 in the memory".
using MemoryCheck = report::Tally;

/// Compares the contents of a layer's memories with the node's constants: weights element by
/// element by the documented layout; thresholds by what every threshold search over them would find
/// at and just below each of the graph's. Independent of the code that wrote them. `images` are the
/// files as they lie on disk, by name.
MemoryCheck check_memories(const Node& node, const std::vector<hw::MemoryImage>& images);

}  // namespace assay
