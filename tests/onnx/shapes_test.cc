// SPDX-License-Identifier: Apache-2.0
// Shapes as numbers, and operators of which some versions name axes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "onnx/evaluate.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// The shape of x [2,3,4], from `start` to `end`, behind one number: a target for Reshape.
Shape reshaped(std::optional<std::int64_t> start, std::optional<std::int64_t> end) {
  TestModel model(15);
  model.input("x", {2, 3, 4});
  model.ints("rest", {1}, {-1});
  auto& shape = model.node("Shape", {"x"}, {"shape"});
  if (start) set(shape, "start", *start);
  if (end) set(shape, "end", *end);
  set(model.node("Concat", {"rest", "shape"}, {"target"}), "axis", std::int64_t{0});
  model.node("Reshape", {"x", "target"}, {"y"});
  model.output("y");
  return *model.import().find_tensor("y")->shape;
}

TEST(ImportShapes, AShapeMayBeASliceOfIt) {
  EXPECT_EQ(reshaped({}, {}), (Shape{1, 2, 3, 4}));
  EXPECT_EQ(reshaped(1, {}), (Shape{2, 3, 4}));
  EXPECT_EQ(reshaped(-1, {}), (Shape{6, 4}));
  EXPECT_EQ(reshaped({}, -1), (Shape{4, 2, 3}));
  EXPECT_EQ(reshaped(1, 2), (Shape{8, 3}));
  EXPECT_EQ(reshaped(-9, 9), (Shape{1, 2, 3, 4}));
  EXPECT_THROW(reshaped(2, 1), UserError);
}

TEST(ImportShapes, ConstantsOfAShapeAreConstants) {
  const auto value_of = [](bool given) {
    TestModel model;
    model.input("x", {1, 2, 2});
    model.ints("shape", {2}, {2, 1});
    auto& node = model.node("ConstantOfShape", {"shape"}, {"c"});
    if (given) {
      auto& value = *attribute(node, "value", onnx::AttributeProto::TENSOR).mutable_t();
      value.set_data_type(onnx::TensorProto::FLOAT);
      value.add_dims(1);
      value.add_float_data(2.5F);
    }
    model.node("Add", {"x", "c"}, {"y"});
    model.output("y");
    return evaluate(model, {{1, 2, 3, 4}});
  };
  EXPECT_EQ(value_of(true), (Texts{"7/2", "9/2", "11/2", "13/2"}));
  EXPECT_EQ(value_of(false), (Texts{"1", "2", "3", "4"}));
}

TestModel resize_model(const TestModel::Ints& axes, bool sizes,
                       const std::string& policy = "stretch") {
  TestModel model(18);
  model.floats("scales", {2}, {1, 2});
  model.ints("sizes", {2}, {1, 4});
  auto& node =
      single_node(model, "Resize", {1, 1, 1, 2},
                  sizes ? TestModel::Names{"", "", "sizes"} : TestModel::Names{"", "scales"});
  set(node, "axes", axes);
  set(node, "mode", std::string("nearest"));
  set(node, "coordinate_transformation_mode", std::string("asymmetric"));
  set(node, "nearest_mode", std::string("floor"));
  set(node, "keep_aspect_ratio_policy", policy);
  return model;
}

TEST(ImportShapes, AResizeMayNameItsAxes) {
  for (const bool sizes : {false, true}) {
    EXPECT_EQ(evaluate(resize_model({2, 3}, sizes), {{5, 7}}), (Texts{"5", "5", "7", "7"}));
    EXPECT_EQ(evaluate(resize_model({-2, -1}, sizes), {{5, 7}}), (Texts{"5", "5", "7", "7"}));
  }
  // Axis 2 twice as long, axis 3 as it is.
  const TestModel model = resize_model({3, 2}, false);
  EXPECT_EQ(*model.import().find_tensor("y")->shape, (Shape{1, 1, 2, 2}));
  EXPECT_EQ(evaluate(model, {{5, 7}}), (Texts{"5", "7", "5", "7"}));
}

std::string shape_refusal(const TestModel& model) {
  try {
    model.import();
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ImportShapes, AxesOfAResizeThatCannotBeAreRefused) {
  EXPECT_THAT(shape_refusal(resize_model({2, 2}, true)), HasSubstr("name one axis twice"));
  EXPECT_THAT(shape_refusal(resize_model({3}, true)), HasSubstr("there are 2 sizes for the axes"));
  EXPECT_THAT(shape_refusal(resize_model({3}, false)),
              HasSubstr("there are 2 scales for the axes"));
  EXPECT_THAT(shape_refusal(resize_model({2, 3}, true, "not_larger")),
              HasSubstr("'keep_aspect_ratio_policy' is 'not_larger'; supported: stretch"));
}

/// x [1,2,1,2] and b [2] from `axis` on, in the form of opset 6.
Texts old_binary(const std::string& type, std::optional<std::int64_t> axis) {
  TestModel model(6);
  model.floats("b", {2}, {2, 4});
  auto& node = single_node(model, type, {1, 2, 1, 2}, {"b"});
  set(node, "broadcast", std::int64_t{1});
  if (axis) set(node, "axis", *axis);
  return evaluate(model, {{8, 12, 16, 20}});
}

TEST(ImportShapes, OldOperandsBeginAtAnAxis) {
  EXPECT_EQ(old_binary("Add", 1), (Texts{"10", "14", "20", "24"}));
  EXPECT_EQ(old_binary("Sub", 1), (Texts{"6", "10", "12", "16"}));
  EXPECT_EQ(old_binary("Mul", 1), (Texts{"16", "24", "64", "80"}));
  EXPECT_EQ(old_binary("Div", 1), (Texts{"4", "6", "4", "5"}));
  EXPECT_EQ(old_binary("Add", {}), (Texts{"10", "16", "18", "24"}));
  EXPECT_EQ(old_binary("Add", 3), (Texts{"10", "16", "18", "24"}));
  EXPECT_EQ(old_binary("Add", -1), (Texts{"10", "16", "18", "24"}));
}

TEST(ImportShapes, OldOperandsThatReachTooFarAreRefused) {
  TestModel model(6);
  model.floats("b", {2, 1}, {2, 4});
  auto& node = single_node(model, "Add", {1, 2}, {"b"});
  set(node, "broadcast", std::int64_t{1});
  set(node, "axis", std::int64_t{1});
  EXPECT_THAT(shape_refusal(model), HasSubstr("of shape [2,1] does not fit [1,2] from axis 1 on"));
}

TEST(ImportShapes, CastsNameWhatTheyCastTo) {
  const auto cast_to = [](std::int64_t type) {
    TestModel model;
    set(single_node(model, "Cast", {2}), "to", type);
    return shape_refusal(model);
  };
  EXPECT_THAT(cast_to(10), HasSubstr("'n0' (Cast): it casts to float16, which is not supported"));
  EXPECT_THAT(cast_to(9), HasSubstr("casts to bool"));
  EXPECT_THAT(cast_to(99), HasSubstr("casts to element type 99"));
}

}  // namespace
}  // namespace assay
