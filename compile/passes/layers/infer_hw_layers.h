// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/base/refusal.h"
#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// Turns an integer graph that is lowered and has minimal widths into hardware layers
/// (compile/graph/hw), which keep the names of the nodes that they replace:
///
///     MatMul, XnorPopcountMatMul       MVAU, with the thresholds behind it
///     Im2Col, DepthwiseMatMul          VVAU behind a grouped window
///     Im2Col                           FMPadding, ConvolutionInputGenerator; nothing for 1x1
///     MaxPoolNHWC, SumPool, QuantAvgPool2d   padded grouped windows and Pool, or GlobalAccPool
///     MultiThreshold, JoinThreshold    Thresholding, JoinThreshold
///     Add, Mul, Relu, Clip             ChannelwiseOp, one per constant
///     Concat, Pad, Resize, TopK        StreamingConcat, FMPadding, Upsample.. or Pick, LabelSelect
///     Gather, Transpose                Pick, of pixels or between views
///     zeros between pixels             FMPadding
///     what is left                     the layer that takes it as it is (hw::LayerHardware::takes),
///                                      as AddStreams takes an Add of two streams
///
/// All foldings are 1. A tensor that several nodes read passes through DuplicateStreams. Views
/// (Flatten, Reshape, Squeeze, Unsqueeze, a Transpose of axes of size 1) stay: they are no
/// hardware. Every tensor keeps its checkpoints and a proved integer type. UserError, naming the
/// node, why and what to do, for the first node without a layer; with PassOptions::allow_software
/// such nodes stay, and remarks say why. PassOptions::standalone_thresholds makes thresholds behind
/// products layers of their own. Contract: exact.
bool infer_hw_layers(Graph& graph, PassContext& context);

/// The same where every node without a layer stays; those, each with why and what to do.
std::vector<Refusal> hw_layer_refusals(Graph& graph, const PassOptions& options);

}  // namespace assay
