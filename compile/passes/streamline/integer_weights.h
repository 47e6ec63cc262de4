// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// A constant as integers and their exact meaning: element = scale * values + offset, with arrays
/// that broadcast to `shape`. Floating-point constants without a quantiser are dyadic rationals:
/// the scale is a power of two per entry of one axis and the offset 0.
struct IntegerConstant {
  Shape shape;
  std::vector<std::int64_t> values;
  RealArray scale{Real(1)}, offset;
  /// What the quantiser over them, or their annotation, lets them be; nothing where that is not known.
  std::optional<DataType> declared = {};
};

/// The integers of a constant, or of a Quant, BipolarQuant or DequantizeLinear over constants. With
/// an integer zero point the integers are shifted so that offset is 0. `axis`: the axis that may
/// have a scale per entry (the output channels). Nothing when `tensor` is not constant. UserError
/// naming the node when it is constant but has no exact integer form of at most 62 bits.
std::optional<IntegerConstant> integer_constant(const Tensor& tensor, std::size_t axis);

/// The exact numbers of a constant or of a quantiser over constants; nothing when not constant.
std::optional<RealArray> exact_constant(const Tensor& tensor);

}  // namespace assay
