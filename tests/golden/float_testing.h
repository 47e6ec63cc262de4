// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "golden/floating/executor.h"

namespace assay {

/// A graph under construction; shapes are inferred when it is finished.
struct Net {
  Graph graph;

  Tensor* input(Shape shape) { return graph.add_input("x", std::move(shape)); }
  Tensor* floats(Shape shape, std::vector<float> values) {
    return graph.add_constant("c", Constant(std::move(shape), std::move(values)));
  }
  Tensor* scalar(float value) { return floats({}, {value}); }
  Tensor* ints(std::vector<std::int64_t> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return graph.add_constant("i", Constant({n}, std::move(values)));
  }
  template <typename T>
  Tensor* add(T op, std::vector<Tensor*> inputs) {
    return graph.add(std::make_unique<T>(std::move(op)), std::move(inputs));
  }
  /// Makes `tensor` the output.
  const Graph& finish(Tensor* tensor) {
    graph.add_output(tensor);
    infer_shapes(graph);
    return graph;
  }
  std::vector<float> run(Tensor* tensor, std::vector<FloatTensor> inputs) {
    return FloatExecutor(finish(tensor), FloatExecutor::NotFinite::kComputed)
        .run(inputs)
        .at(0)
        .data;
  }
};

/// One operator whose first operand is the graph's input and whose others are constants.
template <typename T>
FloatTensor apply(T op, FloatTensor x, std::vector<FloatTensor> constants = {}) {
  Net net;
  std::vector<Tensor*> inputs = {net.input(x.shape)};
  for (auto& c : constants) inputs.push_back(net.floats(std::move(c.shape), std::move(c.data)));
  Tensor* y = net.add(std::move(op), std::move(inputs));
  // What an operator makes of NaN and infinity is its own.
  return FloatExecutor(net.finish(y), FloatExecutor::NotFinite::kComputed)
      .run({std::move(x)})
      .at(0);
}

inline FloatTensor row(std::vector<float> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {{n}, std::move(values)};
}
inline FloatTensor number(float value) { return {{}, {value}}; }

}  // namespace assay
