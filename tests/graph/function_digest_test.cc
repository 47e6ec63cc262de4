// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/function_digest.h"

#include <gtest/gtest.h>

#include "compile/graph/hw_ops.h"

namespace assay {
namespace {

struct Layers {
  std::int64_t weight = 3, pe = 1, depth = 0;
  const char* name = "y";
  bool xnor = false;
};

/// x -> [FIFO ->] MVAU.
Graph network(const Layers& layers) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 2});
  Tensor* w =
      graph.add_constant("w", Constant({2, 1}, std::vector<std::int64_t>{1, layers.weight}));
  if (layers.depth > 0) {
    auto fifo = std::make_unique<hw::StreamingFIFO>();
    fifo->depth = layers.depth;
    x = graph.add(std::move(fifo), {x}, "x_fifo");
  }
  auto op = std::make_unique<hw::MVAU>();
  op->pe = layers.pe;
  op->xnor = layers.xnor;
  op->mem_mode = layers.pe == 1 ? "embedded" : "decoupled";
  graph.add_output(graph.add(std::move(op), {x, w}, layers.name));
  return graph;
}

TEST(FunctionDigest, IsOfWhatIsComputedAlone) {
  const std::string digest = function_digest(network({}));
  EXPECT_EQ(function_digest(network({.pe = 2})), digest);
  EXPECT_EQ(function_digest(network({.depth = 8})), digest);
  EXPECT_EQ(function_digest(network({.name = "z"})), digest);
  EXPECT_NE(function_digest(network({.weight = 4})), digest);
  EXPECT_NE(function_digest(network({.xnor = true})), digest);
  Graph two = network({});
  two.add_output(two.inputs()[0]);
  EXPECT_NE(function_digest(two), digest);
}

}  // namespace
}  // namespace assay
