// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/layer.h"

/// What the tests of hardware layers share.
namespace assay::hw::test {

using Ints = std::vector<std::int64_t>;

/// Builds a graph around one hardware node.
class NodeGraph {
 public:
  /// A graph input of integers.
  Tensor* input(Shape shape, DataType dtype);
  /// A constant of integers; `dtype` by default the smallest that holds them.
  Tensor* constant(Shape shape, Ints values);
  Tensor* constant(Shape shape, Ints values, DataType dtype);
  /// The node, with its outputs as graph outputs of these data types; FLOAT32 leaves one out.
  template <typename T>
  Graph node(T op, std::vector<Tensor*> inputs, std::vector<DataType> outputs) {
    return finish(std::make_unique<T>(std::move(op)), std::move(inputs), std::move(outputs));
  }

 private:
  Graph finish(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::vector<DataType> outputs);
  Graph graph_;
};

/// The only node of a graph.
const Node& node_of(const Graph& graph);

/// What golden computes, one vector per output that is there, row-major; `inputs` one per graph
/// input.
std::vector<Ints> golden_outputs(const Graph& graph, const std::vector<Ints>& inputs);

/// What the RTL computes on one frame, source and sink always ready.
std::vector<Ints> rtl_outputs(const Graph& graph, const std::vector<Ints>& inputs);

/// The same with other memories, one result for each of `contents`, which are like Layer::images.
std::vector<std::vector<Ints>> rtl_outputs(const Graph& graph, const std::vector<Ints>& inputs,
                                           const std::vector<std::vector<MemoryImage>>& contents);

struct LayerCase {
  std::string name;  ///< for messages
  Graph graph;       ///< of one hardware node
};

struct CheckOptions {
  int frames = 3;
  std::uint64_t seed = 1;
  bool cycles = true;  ///< also compare the measured cycles per frame with the layer's formula
};

/// Simulates the RTL of all cases, built as one model, on random and extreme inputs and compares
/// every token with golden's, under every stream profile and with two resets in the middle of
/// frames, and the cycles per frame with the formula. Fails the test with what went wrong.
void expect_equal_to_golden(std::vector<LayerCase> cases, const CheckOptions& options = {});

/// Random values of a data type, its extremes among them.
Ints random_values(std::int64_t count, DataType dtype, std::uint64_t seed);

}  // namespace assay::hw::test
