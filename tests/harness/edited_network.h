// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {

/// What somebody may do to a network so that its checkpoints no longer say what it computes.

inline Checkpoint& checkpoint_of(Graph& graph, std::string_view name) {
  return *std::ranges::find(graph.checkpoints(), name, &Checkpoint::name);
}

inline void drop_checkpoint(Graph& graph, std::string_view name) {
  std::erase_if(graph.checkpoints(), [&](const Checkpoint& c) { return c.name == name; });
}

inline void keep_input_alone(Graph& graph) {
  std::erase_if(graph.checkpoints(),
                [](const Checkpoint& c) { return c.kind != Checkpoint::Kind::kInput; });
}

inline Tensor* negated(Graph& graph, Tensor* tensor) {
  Tensor* minus = graph.add_constant("minus", Constant(Shape{}, std::vector<float>{-1}));
  return graph.add(std::make_unique<ops::Mul>(), {tensor, minus}, "wrong");
}

/// The checkpoint stays with its values, of which nothing is used any more.
inline void move_aside(Graph& graph, std::string_view name) {
  Checkpoint& checkpoint = checkpoint_of(graph, name);
  checkpoint.tensor = graph.add(std::make_unique<ops::Identity>(), {checkpoint.tensor}, "aside");
  infer_shapes(graph);
}

/// The checkpoint of the output stays where it is; the output is its negative.
inline void rewire_output(Graph& graph) {
  graph.mutable_outputs()[0] = negated(graph, graph.outputs()[0]);
  infer_shapes(graph);
}

inline void add_wrong_output(Graph& graph, std::string_view checkpoint) {
  graph.add_output(negated(graph, checkpoint_of(graph, checkpoint).tensor));
  infer_shapes(graph);
}

}  // namespace assay
