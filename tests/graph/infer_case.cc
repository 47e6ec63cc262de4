// SPDX-License-Identifier: Apache-2.0
#include "graph/infer_case.h"

#include <gtest/gtest.h>

#include "compile/base/error.h"

namespace assay {

Given::Given(Shape s) : shape(std::move(s)) {}
Given::Given(Shape s, Container c) : shape(std::move(s)), container(c) {}
Given::Given(Constant c)
    : shape(c.shape()),
      container(c.is_int() ? Container::kInt64 : Container::kFloat32),
      value(std::move(c)) {}
Given::Given(const Given& other) = default;
Given& Given::operator=(const Given& other) = default;
Given::~Given() = default;

Given Given::absent() {
  Given given(Shape{});
  given.present = false;
  return given;
}

Given Given::unknown() {
  Given given(Shape{});
  given.shape.reset();
  return given;
}

Given ints(Ints values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return Constant({size}, std::move(values));
}

Given floats(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return Constant({size}, std::move(values));
}

Graph inferred(const Op& op, const std::vector<Given>& inputs) {
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
  for (int i = 0; i < find_op(op.domain(), op.type())->outputs; ++i)
    outputs.push_back(graph.add_tensor("output"));
  graph.add_node(op.clone(), tensors, outputs, "it");
  infer_shapes(graph);
  return graph;
}

Shape shape_of(const Op& op, const std::vector<Given>& inputs, std::size_t index) {
  return *inferred(op, inputs).nodes()[0]->outputs[index]->shape;
}

Container container_of(const Op& op, const std::vector<Given>& inputs, std::size_t index) {
  return inferred(op, inputs).nodes()[0]->outputs[index]->container;
}

std::string refusal(const Op& op, const std::vector<Given>& inputs) {
  try {
    inferred(op, inputs);
  } catch (const UserError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("node 'it' (" + std::string(op.type()) + "): ")) << message;
    return message;
  }
  return "";
}

ops::Window window(Ints kernel, Ints strides, Ints pads, Ints dilations) {
  return {std::move(kernel), std::move(strides), std::move(pads), std::move(dilations)};
}

ops::Window square(std::int64_t k, std::int64_t s, std::int64_t p, std::int64_t d) {
  return window({k, k}, {s, s}, {p, p, p, p}, {d, d});
}

}  // namespace assay
