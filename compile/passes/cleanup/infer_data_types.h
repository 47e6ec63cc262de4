// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Records the data type of every computed tensor from the types of its inputs:
///
/// - Quant with scale 1 and zero point 0: BIPOLAR (1 bit, signed) or (U)INT<bits>; BipolarQuant
/// with scale 1: BIPOLAR; Trunc
///   version 2 with out_scale 1 and zero point 0: (U)INT<out_bits>; any other scale: FLOAT32, the
///   integers are not the values.
/// - MultiThreshold, JoinThreshold: out_dtype when out_scale and out_bias are integers and it holds
/// their range; QuantizeLinear: its container.
/// - Layout operators, MaxPool, Relu, Clip, Pad, Concat, Sign, QuantAvgPool2d, XnorPopcountMatMul:
/// the exact range of integers.
/// - Add, Sub, Mul, MatMul, DepthwiseMatMul, Gemm, Conv, ConvTranspose, SumPool of integers: the
/// smallest type that holds the worst case over the input
///   types (never an assumed 32 bits); FLOAT32 when an input is not an integer type, or beyond 64
///   bits.
/// - TopK indices: the smallest UINT.
/// - Div, Pow, BatchNormalization, AveragePool, GlobalAveragePool, Softmax: an existing annotation
/// stands.
///
/// Types of graph inputs and constants are not changed.
///
/// Contract: exact.
bool infer_data_types(Graph& graph, PassContext& context);

}  // namespace assay
