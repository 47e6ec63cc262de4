// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/graph/graph.h"

/// Graphs to put in front of a network with merge_models. Their input is called `global_in`.
namespace assay {

/// torchvision's ToTensor: bytes (input annotated UINT8) divided by 255. `shape` is the network's
/// input shape.
Graph to_tensor_graph(const Shape& shape);

/// torchvision's Normalize: (x - mean[c]) / std[c] over axis 1. `mean` and `std` are decimal
/// numbers, one for every channel or one for all; each stands for the float32 value nearest to it.
/// UserError when one is malformed, not finite, a standard deviation is not positive, or the count
/// fits no channels.
Graph normalize_graph(const Shape& shape, const std::vector<std::string>& mean,
                      const std::vector<std::string>& std);

}  // namespace assay
