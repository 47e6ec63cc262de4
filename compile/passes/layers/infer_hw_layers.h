// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

struct HwLayerOptions {
  /// Keeps products and the thresholds behind them apart: MVAU, then Thresholding.
  bool standalone_thresholds = false;
  /// Leaves nodes without a layer as they are, outside of the hardware; remarks say why. Without
  /// it, the first such node is an error.
  bool allow_software = false;
};

/// Turns an integer graph that is lowered and has minimal widths into hardware layers
/// (graph/hw_ops.h), which keep the names of the nodes that they replace:
///
///     MatMul, XnorPopcountMatMul       MVAU, with the thresholds behind it
///     Im2Col, DepthwiseMatMul          VVAU behind a grouped window
///     Im2Col                           FMPadding, ConvolutionInputGenerator; nothing for 1x1
///     MaxPoolNHWC, SumPool, QuantAvgPool2d   padded grouped windows and Pool, or GlobalAccPool
///     MultiThreshold, JoinThreshold    Thresholding, JoinThreshold
///     Add, Mul, Relu, Clip             ChannelwiseOp, AddStreams
///     Concat, Pad, Resize, TopK        StreamingConcat, FMPadding, Upsample.., LabelSelect
///     zeros between pixels             FMPadding
///
/// All foldings are 1. A tensor that several nodes read passes through DuplicateStreams. Views
/// (Flatten, Reshape, Squeeze, Unsqueeze, a Transpose of axes of size 1) stay: they are no
/// hardware. Every tensor keeps its checkpoints and a proved integer type. UserError, naming the
/// node, why and what to do, for the first node without a layer. Contract: exact.
bool infer_hw_layers(Graph& graph, const HwLayerOptions& options, PassReport& report);

}  // namespace assay
