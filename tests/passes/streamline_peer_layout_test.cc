// SPDX-License-Identifier: Apache-2.0
// The rewrites of FINN's flow that concern data layouts and bipolar products, on networks that were
// streamlined first.
#include <gmock/gmock.h>

#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "passes/streamline_net.h"

namespace assay {
namespace {

/// Streamlines and lowers; the checkpoints stay those of the imported network.
Graph lowered(const Graph& imported) {
  Streamlined done = streamlined(imported);
  PassContext context;
  lower(done.graph, context);
  verify(done.graph);
  verify_integer(done.graph);
  expect_same_on_images(imported, done.graph);
  EXPECT_EQ(count_nodes(done.graph, "Transpose"), 0U) << nodes_text(done.graph);
  return done.graph;
}

class Layouts : public PixelNet {
 public:
  std::mt19937 random{7};
  Tensor* conv(Tensor* x, std::int64_t in, std::int64_t out, std::int64_t kernel = 3,
               std::int64_t stride = 1) {
    return add(conv2d(kernel, stride, kernel / 2),
               {x, random_floats({out, in, kernel, kernel}, -3, 3, random)});
  }
};

TEST(PeerPattern, LowerConvsToMatMul) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 5, 4}), 2, 3), 300.7F, 3, "a");
  Graph graph = lowered(net.finish(net.relu_quant(net.conv(x, 3, 2, 1), 7.3F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold MatMul MultiThreshold");
}

TEST(PeerPattern, LowerConvsToMatMulInGroups) {
  // FINN takes one group or one channel per group only.
  Layouts net;
  Tensor* x = net.add(conv2d(3, 2, 1, 2), {net.pixels({1, 4, 6, 5}),
                                           net.random_floats({6, 2, 3, 3}, -3, 3, net.random)});
  Graph graph = lowered(net.finish(net.relu_quant(x, 300.7F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold");
}

TEST(PeerPattern, MoveTransposePastFork) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 4, 4}), 2, 3), 300.7F, 3, "a");
  Tensor* left = net.relu_quant(net.conv(x, 3, 2), 9.1F, 3, "left");
  Tensor* right = net.relu_quant(net.conv(x, 3, 2, 1), 5.3F, 3, "right");
  net.graph.add_output(left);
  Graph graph = lowered(net.finish(right));
  EXPECT_EQ(count_nodes(graph, "MatMul"), 3U);
}

TEST(PeerPattern, MoveTransposePastJoinAdd) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 4, 4}), 2, 3), 300.7F, 3, "a");
  Tensor* sum = net.add(ops::Add{}, {net.conv(x, 3, 3), x});
  Graph graph = lowered(net.finish(net.relu_quant(sum, 250.3F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold Im2Col MatMul Add MultiThreshold");
}

TEST(PeerPattern, AbsorbTransposeIntoMultiThreshold) {
  // The model itself goes to NHWC and back around its quantiser.
  Layouts net;
  Tensor* x = net.conv(net.pixels({1, 2, 4, 4}), 2, 3);
  x = net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {x});
  x = net.relu_quant(x, 300.7F, 3, "a");
  x = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {x});
  Graph graph = lowered(net.finish(net.relu_quant(net.conv(x, 3, 2), 7.3F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold Im2Col MatMul MultiThreshold");
}

TEST(PeerPattern, AbsorbConsecutiveTransposes) {
  Layouts net;
  Tensor* x = net.conv(net.pixels({1, 2, 4, 4}), 2, 3);
  x = net.add(with(&ops::Transpose::perm, {0, 2, 3, 1}), {x});
  x = net.add(with(&ops::Transpose::perm, {0, 3, 1, 2}), {x});
  Graph graph = lowered(net.finish(net.relu_quant(x, 300.7F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold");
}

TEST(PeerPattern, AbsorbTransposeIntoFlatten) {
  Layouts net;
  Tensor* x = net.conv(net.pixels({1, 2, 4, 4}), 2, 3);
  x = net.relu_quant(net.add(ops::GlobalAveragePool{}, {x}), 30.7F, 3, "a");
  x = net.add(ops::Flatten{}, {x});
  x = net.add(ops::MatMul{}, {x, net.random_floats({3, 4}, -3, 3, net.random)});
  Graph graph = lowered(net.finish(net.relu_quant(x, 2.3F, 3)));
  EXPECT_EQ(count_nodes(graph, "SumPool"), 1U);
}

TEST(PeerPattern, AbsorbTransposeIntoResize) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 3, 3}), 2, 3), 300.7F, 3, "a");
  ops::Resize op;
  op.coordinate_transformation_mode = "asymmetric";
  op.nearest_mode = "floor";
  x = net.add(op, {x, nullptr, net.floats({4}, {1, 1, 2, 2})});
  Graph graph = lowered(net.finish(net.relu_quant(net.conv(x, 3, 2), 7.3F, 3)));
  EXPECT_EQ(op_types(graph), "Im2Col MatMul MultiThreshold Resize Im2Col MatMul MultiThreshold");
}

TEST(PeerPattern, RemoveCNVtoFCFlatten) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 3, 3}), 2, 3), 300.7F, 3, "a");
  x = net.add(ops::Flatten{}, {x});
  x = net.add(ops::MatMul{}, {x, net.random_floats({27, 4}, -3, 3, net.random)});
  // The rows of the matrix come in the order of the pixels.
  Graph graph = lowered(net.finish(net.relu_quant(x, 11.3F, 3)));
  EXPECT_EQ(count_nodes(graph, "MatMul"), 2U);
}

TEST(PeerPattern, InferDataLayouts) {
  Layouts net;
  Tensor* x = net.relu_quant(net.conv(net.pixels({1, 2, 3, 3}), 2, 3), 300.7F, 3, "a");
  Graph graph = lowered(net.finish(net.relu_quant(net.conv(x, 3, 2), 7.3F, 3)));
  PassContext context;
  infer_data_layouts(graph, context);
  for (const auto& node : graph.nodes())
    EXPECT_EQ(node->outputs[0]->layout, Layout::kNHWC) << node->label();
}

TEST(PeerPattern, ConvertBipolarMatMulToXnorPopcount) {
  PixelNet net;
  Tensor* x = net.add(ops::Sub{}, {net.pixels({1, 4}), net.number(100)});
  x = net.add(ops::BipolarQuant{}, {x, net.number(0.5)}, "a");
  Tensor* w = net.floats({4, 3}, {1, -1, 1, 1, 1, -1, -1, -1, -1, -1, 1, 1});
  w = net.add(ops::BipolarQuant{}, {w, net.number(0.3F)}, "w");
  x = net.add(ops::MatMul{}, {x, w});
  x = net.batch_norm(x, {1, -1, 0.5F}, {0.1F, 0, -0.2F}, {0, 0.1F, 0}, {1, 2, 3});
  const Graph imported = net.finish(net.add(ops::BipolarQuant{}, {x, net.number(1)}, "q"));
  Graph graph = lowered(imported);
  PassContext context;
  EXPECT_TRUE(convert_to_xnor(graph, context));
  verify(graph);
  expect_same_on_images(imported, graph);
  EXPECT_EQ(op_types(graph), "MultiThreshold XnorPopcountMatMul MultiThreshold");
}

}  // namespace
}  // namespace assay
