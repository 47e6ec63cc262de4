// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {

using Ints = std::vector<std::int64_t>;

/// One input of the operator under test.
struct Given {
  std::optional<Shape> shape;
  Container container = Container::kFloat32;
  std::optional<Constant> value;
  bool present = true;

  Given(Shape s) : shape(std::move(s)) {}  // NOLINT(google-explicit-constructor): reads as a list
  Given(Shape s, Container c) : shape(std::move(s)), container(c) {}
  Given(Constant c)  // NOLINT(google-explicit-constructor)
      : shape(c.shape()),
        container(c.is_int() ? Container::kInt64 : Container::kFloat32),
        value(std::move(c)) {}
  static Given absent() {
    Given given(Shape{});
    given.present = false;
    return given;
  }
  static Given unknown() {
    Given given(Shape{});
    given.shape.reset();
    return given;
  }
};

/// A one-dimensional integer constant.
inline Given ints(Ints values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return Constant({size}, std::move(values));
}

/// A one-dimensional float constant.
inline Given floats(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return Constant({size}, std::move(values));
}

/// A graph of one node called "it" with `op` on `inputs`, after shape inference.
template <typename T>
Graph inferred(T op, const std::vector<Given>& inputs) {
  Graph graph;
  std::vector<Tensor*> tensors;
  for (const Given& given : inputs) {
    Tensor* tensor = nullptr;
    if (given.present && given.value) tensor = graph.add_constant("constant", *given.value);
    if (given.present && !given.value) {
      tensor = graph.add_input("input", given.shape.value_or(Shape{}));
      tensor->shape = given.shape;
      tensor->container = given.container;
    }
    tensors.push_back(tensor);
  }
  std::vector<Tensor*> outputs;
  for (int i = 0; i < T::kOutputs; ++i) outputs.push_back(graph.add_tensor("output"));
  graph.add_node(std::make_unique<T>(std::move(op)), tensors, outputs, "it");
  infer_shapes(graph);
  return graph;
}

/// The inferred shape of output `index`.
template <typename T>
Shape shape_of(T op, const std::vector<Given>& inputs, std::size_t index = 0) {
  return *inferred(std::move(op), inputs).nodes()[0]->outputs[index]->shape;
}

/// The inferred container of output `index`.
template <typename T>
Container container_of(T op, const std::vector<Given>& inputs, std::size_t index = 0) {
  return inferred(std::move(op), inputs).nodes()[0]->outputs[index]->container;
}

/// The message of the refusal; it must be a UserError that names the node. "" when there is none.
template <typename T>
std::string refusal(T op, const std::vector<Given>& inputs) {
  try {
    inferred(std::move(op), inputs);
  } catch (const UserError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("node 'it' (" + std::string(T::kType) + "): ")) << message;
    return message;
  }
  return "";
}

inline ops::Window window(Ints kernel, Ints strides, Ints pads, Ints dilations) {
  return {std::move(kernel), std::move(strides), std::move(pads), std::move(dilations)};
}
/// A square k x k window with stride s, padding p on every side and dilation d.
inline ops::Window square(std::int64_t k, std::int64_t s = 1, std::int64_t p = 0,
                          std::int64_t d = 1) {
  return window({k, k}, {s, s}, {p, p, p, p}, {d, d});
}

}  // namespace assay
