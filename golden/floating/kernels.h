// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "golden/floating/executor.h"

namespace assay {

/// The inputs of a node; null for one that is left out.
using FloatInputs = std::vector<const FloatTensor*>;
/// Computes a node's outputs, whose shapes are set and whose data has its full size. Safe to call
/// from many threads.
using FloatKernel = std::function<void(const FloatInputs&, std::vector<FloatTensor>&)>;

// Each family of operators gives the kernel of a node of its own, else an empty function.
// `constants` holds the inputs that are known when the plan is made, null for the others.
FloatKernel float_quantiser_kernel(const Node& node, const FloatInputs& constants);
FloatKernel float_product_kernel(const Node& node, const FloatInputs& constants);
FloatKernel float_elementwise_kernel(const Node& node, const FloatInputs& constants);
FloatKernel float_pool_kernel(const Node& node, const FloatInputs& constants);
/// Whatever has an index map, and TopK.
FloatKernel float_move_kernel(const Node& node, const FloatInputs& constants);

/// The recorded shape of a node's input or output; UserError when it is unknown or left out.
const Shape& float_shape(const Node& node, const Tensor* tensor);

/// `value` to an integer in one of QONNX's rounding modes, each step in float32 as QONNX does it:
/// HALF_UP is sign(x) * floor(fl(|x| + 0.5)), HALF_DOWN is sign(x) * ceil(fl(|x| - 0.5)).
float float_round(float value, RoundingMode mode);

}  // namespace assay
