// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Records the layout of every tensor whose axes have a known meaning. Convolutions, pools,
/// BatchNormalization and operators with a layout of their own (NHWC, NC, ...) decide for their
/// input and output; elementwise operators and quantisers carry layouts both ways; Transpose
/// permutes them and Squeeze drops letters; Flatten, Gemm and Reshape to a matrix give NC. Graph
/// inputs that nothing decides are taken as NCHW (4 axes; NHWC where the last axis alone is the 3
/// colours of a picture), NWC (3) or NC (2); their recorded layouts are never changed. Other tensors keep what is recorded when nothing is known.
///
/// Contract: exact.
bool infer_data_layouts(Graph& graph, PassContext& context);

/// The same for graph inputs whose layout is not recorded, and for nothing else: whoever feeds a graph
/// has to know it before the pass has run. Leaves them alone where shapes are not known.
void decide_input_layouts(Graph& graph);

}  // namespace assay
