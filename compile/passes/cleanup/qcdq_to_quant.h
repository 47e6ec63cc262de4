// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Brings the quantisers of QCDQ exports into the form of QONNX, where that is the same function:
///
///     QuantizeLinear(x, s, z) -> [Clip] -> DequantizeLinear(s, z)   =>   Quant(x, s, z, bits)
///     DequantizeLinear(integer constant [-> Clip], s, z)            =>   Quant(constant, s, z,
///     bits)
///
/// The bit width, sign and narrowness are those of the Clip bounds, or of the container without a
/// Clip. QuantizeLinear adds the zero point after rounding and Quant before, which differs on ties
/// unless the zero point is even: activations with odd zero points stay as they are, and so do
/// those whose integer range is not that of a Quant, or whose scales or zero points differ.
/// Constants convert with any zero point and range; the constant of the new Quant is float32((q -
/// z) * s) where that provably quantises back to q, else the exact real.
///
/// Contract: exact (checkpoints keep their integers, zero point included).
bool qcdq_to_quant(Graph& graph, PassContext& context);

}  // namespace assay
