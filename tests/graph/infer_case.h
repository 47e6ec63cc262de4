// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

  // Out of line: the tests build hundreds of these, and the compiler should not inline each.
  Given(Shape s);     // NOLINT(google-explicit-constructor): reads as a list
  Given(Constant c);  // NOLINT(google-explicit-constructor)
  Given(Shape s, Container c);
  Given(const Given& other);
  Given& operator=(const Given& other);
  ~Given();
  static Given absent();
  static Given unknown();
};

Given ints(Ints values);                  ///< a one-dimensional constant
Given floats(std::vector<float> values);  ///< a one-dimensional constant

/// A graph of one node called "it" with `op` on `inputs`, after shape inference.
Graph inferred(const Op& op, const std::vector<Given>& inputs);
/// The inferred shape and container of output `index`.
Shape shape_of(const Op& op, const std::vector<Given>& inputs, std::size_t index = 0);
Container container_of(const Op& op, const std::vector<Given>& inputs, std::size_t index = 0);
/// The message of the refusal; it must be a UserError that names the node. "" when there is none.
std::string refusal(const Op& op, const std::vector<Given>& inputs);

ops::Window window(Ints kernel, Ints strides, Ints pads, Ints dilations);
/// A square k x k window with stride s, padding p on every side and dilation d.
ops::Window square(std::int64_t k, std::int64_t s = 1, std::int64_t p = 0, std::int64_t d = 1);

}  // namespace assay
