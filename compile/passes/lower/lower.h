// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Lowers an integer graph (verify_integer) to what streaming hardware does: data in NHWC,
/// convolutions as Im2Col (sliding window) and a product. The graph's inputs and outputs become
/// channels last too (NCHW as NHWC, NCW as NWC); checkpoints keep their order by Checkpoint::perm.
///
///     Conv, 1x1, stride 1, no pads     MatMul
///     Conv                             Im2Col, MatMul; groups as blocks of zeros in the matrix
///     Conv, one channel per group      Im2Col, DepthwiseMatMul
///     ConvTranspose                    zeros between the pixels, then as Conv
///     MaxPool, SumPool, thresholds     their NHWC form
///     Flatten before a constant MatMul no Transpose: the rows of the matrix are reordered, unless
///                                  a checkpoint on the way shows the order
///
/// One-dimensional convolutions pass through a height of 1. No Transpose is left except where the
/// model itself asks for one that nothing can absorb; the report says which. UserError when the
/// weights of a convolution are not constant. Contract: exact.
bool lower(Graph& graph, PassContext& context);

}  // namespace assay
