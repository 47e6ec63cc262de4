// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// Holds a network whose inputs `open` have a batch axis without a number, which was read as one image,
/// against what it does with two: UserError naming the node that picks from, joins or computes along the
/// axis of the images, since it gives other values for several than for each of them alone.
void check_images_apart(const Graph& graph, const std::vector<Tensor*>& open);

}  // namespace assay
