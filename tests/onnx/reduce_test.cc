// SPDX-License-Identifier: Apache-2.0
// Reductions over spatial axes and the index of an extreme, as the IR's operators.
#include <gtest/gtest.h>

#include "onnx/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Two channels of 2 x 3.
const Ints kShape = {1, 2, 2, 3}, kData = {1, 2, 3, 4, 5, 9, -1, -2, -3, -4, -5, -6};

/// The axes where the opset has them: an attribute, or input 1 from `since` on.
TestModel reduce_model(const std::string& type, const Ints& axes, bool keepdims,
                       std::int64_t version) {
  TestModel model(version);
  const bool input = version >= (type == "ReduceSum" ? 13 : 18);
  if (input) model.ints("axes", {static_cast<std::int64_t>(axes.size())}, axes);
  auto& node =
      single_node(model, type, kShape, input ? TestModel::Names{"axes"} : TestModel::Names{});
  if (!input) set(node, "axes", axes);
  set(node, "keepdims", std::int64_t{keepdims});
  return model;
}

Shape shape_of(const TestModel& model, const std::string& name = "y") {
  return *model.import().find_tensor(name)->shape;
}

TEST(ImportReduce, OverAllSpatialAxes) {
  for (const std::int64_t version : {11, 13, 18})
    for (const Ints& axes : {Ints{2, 3}, Ints{-1, -2}}) {
      SCOPED_TRACE(version);
      for (const bool keepdims : {false, true}) {
        const auto model = [&](const char* type) {
          return reduce_model(type, axes, keepdims, version);
        };
        EXPECT_EQ(evaluate(model("ReduceMean"), {kData}), (Texts{"4", "-7/2"}));
        EXPECT_EQ(evaluate(model("ReduceSum"), {kData}), (Texts{"24", "-21"}));
        EXPECT_EQ(evaluate(model("ReduceMax"), {kData}), (Texts{"9", "-1"}));
        EXPECT_EQ(shape_of(model("ReduceMean")), keepdims ? (Shape{1, 2, 1, 1}) : (Shape{1, 2}));
        EXPECT_EQ(shape_of(model("ReduceMax")), keepdims ? (Shape{1, 2, 1, 1}) : (Shape{1, 2}));
      }
    }
}

TEST(ImportReduce, OverOneSpatialAxis) {
  EXPECT_EQ(evaluate(reduce_model("ReduceMean", {3}, false, 13), {kData}),
            (Texts{"2", "6", "-2", "-5"}));
  EXPECT_EQ(evaluate(reduce_model("ReduceSum", {2}, true, 13), {kData}),
            (Texts{"5", "7", "12", "-5", "-7", "-9"}));
  EXPECT_EQ(evaluate(reduce_model("ReduceMax", {-2}, false, 18), {kData}),
            (Texts{"4", "5", "9", "-1", "-2", "-3"}));
  EXPECT_EQ(shape_of(reduce_model("ReduceMean", {3}, false, 13)), (Shape{1, 2, 2}));
  EXPECT_EQ(shape_of(reduce_model("ReduceSum", {2}, true, 13)), (Shape{1, 2, 1, 3}));
}

TEST(ImportReduce, OverTheFeaturesOfARow) {
  for (const std::int64_t version : {13, 18})
    for (const bool keepdims : {false, true}) {
      const auto model = [&](const char* type) {
        TestModel made = reduce_model(type, {-1}, keepdims, version);
        made.graph().clear_input();
        made.input("x", {2, 3});
        return made;
      };
      const Ints data = {1, 2, 6, -1, -4, -5};
      EXPECT_EQ(evaluate(model("ReduceMean"), {data}), (Texts{"3", "-10/3"}));
      EXPECT_EQ(evaluate(model("ReduceSum"), {data}), (Texts{"9", "-10"}));
      EXPECT_EQ(evaluate(model("ReduceMax"), {data}), (Texts{"6", "-1"}));
      EXPECT_EQ(shape_of(model("ReduceSum")), keepdims ? (Shape{2, 1}) : (Shape{2}));
    }
}

TEST(ImportReduce, InFrontOfTheChannels) {
  // Height 1, width 3, channels 2: 1 2 / 3 4 / 5 9.
  const auto model = [](const char* type, const Ints& axes, bool keepdims) {
    TestModel made;
    auto& node = single_node(made, type, {1, 1, 3, 2});
    if (std::string(type) == "ReduceSum") {
      made.ints("axes", {static_cast<std::int64_t>(axes.size())}, axes);
      node.add_input("axes");
    } else {
      set(node, "axes", axes);
    }
    set(node, "keepdims", std::int64_t{keepdims});
    return made;
  };
  const std::vector<Ints> data = {{1, 2, 3, 4, 5, 9}};
  for (const bool keepdims : {false, true}) {
    EXPECT_EQ(evaluate(model("ReduceMean", {1, 2}, keepdims), data), (Texts{"3", "5"}));
    EXPECT_EQ(evaluate(model("ReduceMax", {2, 1}, keepdims), data), (Texts{"5", "9"}));
    EXPECT_EQ(evaluate(model("ReduceSum", {-3, -2}, keepdims), data), (Texts{"9", "15"}));
    EXPECT_EQ(shape_of(model("ReduceMean", {1, 2}, keepdims)),
              keepdims ? (Shape{1, 1, 1, 2}) : (Shape{1, 2}));
    EXPECT_EQ(evaluate(model("ReduceMax", {1}, keepdims), data),
              (Texts{"1", "2", "3", "4", "5", "9"}));
    EXPECT_EQ(shape_of(model("ReduceMax", {1}, keepdims)),
              keepdims ? (Shape{1, 1, 3, 2}) : (Shape{1, 3, 2}));
  }
}

TEST(ImportReduce, AllAxesOfOneDimensionalData) {
  TestModel model;
  auto& node = single_node(model, "ReduceMean", {1, 2, 2});
  set(node, "axes", Ints{2});
  EXPECT_EQ(evaluate(model, {{1, 2, 3, 8}}), (Texts{"3/2", "11/2"})) << "keepdims is the default";
  EXPECT_EQ(shape_of(model), (Shape{1, 2, 1}));
}

TEST(ImportReduce, NoAxesCanMeanNothingToReduce) {
  for (const bool empty : {false, true}) {
    TestModel model(18);
    if (empty) model.ints("axes", {0}, {});
    auto& node = single_node(model, "ReduceMean", {1, 2},
                             empty ? TestModel::Names{"axes"} : TestModel::Names{});
    set(node, "noop_with_empty_axes", std::int64_t{1});
    EXPECT_EQ(evaluate(model, {{5, 7}}), (Texts{"5", "7"}));
  }
}

TEST(ImportReduce, GlobalMaxPoolIsAPoolOverTheMap) {
  TestModel model;
  single_node(model, "GlobalMaxPool", kShape);
  EXPECT_EQ(evaluate(model, {kData}), (Texts{"9", "-1"}));
  EXPECT_EQ(shape_of(model), (Shape{1, 2, 1, 1}));
}

TestModel arg_model(const std::string& type, std::int64_t axis, bool keepdims) {
  TestModel model;
  auto& node = single_node(model, type, {2, 3});
  set(node, "axis", axis);
  set(node, "keepdims", std::int64_t{keepdims});
  return model;
}

TEST(ImportReduce, TheFirstOfEqualElementsIsTaken) {
  const Ints data = {5, 9, 9, 9, -1, -1};
  EXPECT_EQ(evaluate(arg_model("ArgMax", 1, false), {data}), (Texts{"1", "0"}));
  EXPECT_EQ(evaluate(arg_model("ArgMin", -1, true), {data}), (Texts{"0", "1"}));
  EXPECT_EQ(evaluate(arg_model("ArgMax", 0, false), {data}), (Texts{"1", "0", "0"}));
  EXPECT_EQ(shape_of(arg_model("ArgMax", 1, false)), (Shape{2}));
  EXPECT_EQ(shape_of(arg_model("ArgMax", 1, true)), (Shape{2, 1}));
  EXPECT_EQ(arg_model("ArgMax", 1, false).import().find_tensor("y")->container, Container::kInt64);
}

TEST(ImportReduce, ALabelIsACheckpoint) {
  EXPECT_EQ(arg_model("ArgMax", 1, true).import().checkpoints().back().kind,
            Checkpoint::Kind::kLabel);
}

TEST(ImportReduce, TheLabelOfOneImageIsACheckpointWithoutItsAxisToo) {
  TestModel model;
  auto& node = single_node(model, "ArgMax", {1, 2, 3});
  set(node, "axis", std::int64_t{1});
  set(node, "keepdims", std::int64_t{0});
  EXPECT_EQ(model.import().checkpoints().back().kind, Checkpoint::Kind::kLabel);
  EXPECT_EQ(shape_of(model), (Shape{1, 3}));
  EXPECT_EQ(evaluate(model, {{1, 5, 3, 2, 4, 3}}), (Texts{"1", "0", "0"}));
}

TEST(ImportReduce, OfOneElementTheLastIsTheFirst) {
  TestModel model;
  auto& node = single_node(model, "ArgMax", {1, 3});
  set(node, "select_last_index", std::int64_t{1});
  EXPECT_EQ(evaluate(model, {{4, 5, 6}}), (Texts{"0", "0", "0"})) << "the default axis is 0";
}

}  // namespace
}  // namespace assay
