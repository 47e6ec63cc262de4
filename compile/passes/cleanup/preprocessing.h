// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/graph/graph.h"

/// Graphs to put in front of a network with merge_models. Their input is called `global_in`.
namespace assay {

/// torchvision's ToTensor: bytes (input annotated UINT8) divided by 255. `shape` is the network's
/// input shape, `layout` that of its input; unknown: channels first.
Graph to_tensor_graph(const Shape& shape, Layout layout = Layout::kUnknown);

/// The reals scale * q + offset of integers q of `dtype`: what a quantiser leaves as it is.
Graph dequantise_graph(const Shape& shape, const DataType& dtype, const Real& scale,
                       const Real& offset, Layout layout = Layout::kUnknown);

/// torchvision's Normalize: (x - mean[c]) / std[c] over the axis of the channels. `mean` and `std` are decimals or
/// quotients of two ("63/255"), one for every channel or one for all. Each is the rational number
/// that is written, which keeps the integers in proportion to 1/std[c] small; the digits of a
/// float32
/// ("0.24699999392032623") are the decimal of up to six digits that it comes from ("0.247"), or
/// that float32. UserError when one is malformed or beyond float32, a standard deviation is not
/// positive, or the count fits no channels.
Graph normalize_graph(const Shape& shape, const std::vector<std::string>& mean,
                      const std::vector<std::string>& std, Layout layout = Layout::kUnknown);

}  // namespace assay
