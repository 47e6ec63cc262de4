// SPDX-License-Identifier: Apache-2.0
// Splits, slices, pads by mirroring and blocks of depth, as Gather, Reshape and Transpose.
#include <gtest/gtest.h>

#include <limits>

#include "onnx/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;
using Names = TestModel::Names;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max(),
                       kLeast = std::numeric_limits<std::int64_t>::min();

std::int64_t length(const Ints& values) { return static_cast<std::int64_t>(values.size()); }

Ints counted(std::int64_t count) {
  Ints values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(i);
  return values;
}

/// x [1,5] split along axis 1 into `count` outputs; `spread` adds how.
template <typename Spread>
std::vector<Texts> split(std::int64_t version, std::size_t count, Spread spread) {
  TestModel model(version);
  model.input("x", {1, 5});
  Names outputs;
  for (std::size_t i = 0; i < count; ++i) outputs.push_back("y" + std::to_string(i));
  auto& node = model.node("Split", {"x"}, outputs);
  set(node, "axis", std::int64_t{1});
  spread(model, node);
  for (const std::string& name : outputs) model.output(name);
  std::vector<Texts> parts;
  for (std::size_t i = 0; i < count; ++i) parts.push_back(evaluate(model, {counted(5)}, 0, i));
  return parts;
}

TEST(ImportMoves, SplitSizesAreAnAttributeOrAnInput) {
  const std::vector<Texts> expected = {{"0", "1"}, {"2"}, {"3", "4"}};
  const auto attribute_form = [](TestModel&, onnx::NodeProto& node) {
    set(node, "split", Ints{2, 1, 2});
  };
  const auto input_form = [](TestModel& model, onnx::NodeProto& node) {
    model.ints("sizes", {3}, {2, 1, 2});
    node.add_input("sizes");
  };
  EXPECT_EQ(split(2, 3, attribute_form), expected);
  EXPECT_EQ(split(11, 3, attribute_form), expected);
  EXPECT_EQ(split(13, 3, input_form), expected);
}

TEST(ImportMoves, PartsOfOneSizeNeedNoSizes) {
  const auto nothing = [](TestModel&, onnx::NodeProto&) {};
  EXPECT_EQ(split(13, 5, nothing), (std::vector<Texts>{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}}));
  EXPECT_EQ(split(11, 1, nothing), (std::vector<Texts>{{"0", "1", "2", "3", "4"}}));
}

TEST(ImportMoves, TheLastOfSoManyPartsMayBeSmaller) {
  const auto parts = [](TestModel&, onnx::NodeProto& node) {
    set(node, "num_outputs", std::int64_t{3});
  };
  EXPECT_EQ(split(18, 3, parts), (std::vector<Texts>{{"0", "1"}, {"2", "3"}, {"4"}}));
}

TEST(ImportMoves, OutputsOfASplitMayBeLeftOutOrUnused) {
  for (const char* other : {"", "unused"}) {
    TestModel model;
    model.input("x", {1, 4});
    set(model.node("Split", {"x"}, {other, "y"}), "axis", std::int64_t{-1});
    model.output("y");
    EXPECT_EQ(model.import().nodes().size(), 1U);
    EXPECT_EQ(evaluate(model, {counted(4)}), (Texts{"2", "3"}));
  }
}

/// A slice of 0..11 in `shape`.
TestModel slice_model(const Ints& shape, const Ints& starts, const Ints& ends, const Ints& axes,
                      const Ints& steps) {
  TestModel model;
  Names inputs = {"starts", "ends", "", ""};
  model.ints("starts", {length(starts)}, starts);
  model.ints("ends", {length(ends)}, ends);
  const auto given = [&](const Ints& values, std::size_t index, const char* name) {
    if (values.empty()) return;
    model.ints(name, {length(values)}, values);
    inputs[index] = name;
  };
  given(axes, 2, "axes");
  given(steps, 3, "steps");
  single_node(model, "Slice", shape, inputs);
  return model;
}
Texts slice(const Ints& shape, const Ints& starts, const Ints& ends, const Ints& axes = {},
            const Ints& steps = {}) {
  return evaluate(slice_model(shape, starts, ends, axes, steps), {counted(element_count(shape))});
}

TEST(ImportMoves, SlicesCountAsNumpyDoes) {
  EXPECT_EQ(slice({6}, {1}, {4}), (Texts{"1", "2", "3"}));
  EXPECT_EQ(slice({6}, {-2}, {kMost}), (Texts{"4", "5"}));
  EXPECT_EQ(slice({6}, {-100}, {-4}), (Texts{"0", "1"}));
  EXPECT_EQ(slice({6}, {1}, {6}, {0}, {2}), (Texts{"1", "3", "5"}));
  EXPECT_EQ(slice({6}, {0}, {kMost}, {0}, {kMost}), (Texts{"0"}));
}

TEST(ImportMoves, StepsMayGoBackwards) {
  EXPECT_EQ(slice({4}, {-1}, {kLeast}, {0}, {-1}), (Texts{"3", "2", "1", "0"}));
  EXPECT_EQ(slice({4}, {100}, {0}, {0}, {-2}), (Texts{"3", "1"}));
  EXPECT_EQ(slice({4}, {2}, {kLeast}, {0}, {kLeast}), (Texts{"2"}));
}

TEST(ImportMoves, SlicesOfSeveralAxes) {
  EXPECT_EQ(slice({3, 4}, {1, 0}, {kMost, 3}), (Texts{"4", "5", "6", "8", "9", "10"}));
  EXPECT_EQ(slice({3, 4}, {3, 2}, {kLeast, 1}, {-1, 0}, {-3, -1}), (Texts{"11", "8"}));
  EXPECT_EQ(
      *slice_model({3, 4}, {3, 2}, {kLeast, 1}, {-1, 0}, {-3, -1}).import().find_tensor("y")->shape,
      (Shape{1, 2}));
}

TEST(ImportMoves, ASliceOfEverythingIsTheIdentity) {
  const Graph graph = slice_model({3, 4}, {0}, {kMost}, {1}, {}).import();
  ASSERT_EQ(graph.nodes().size(), 1U);
  EXPECT_EQ(graph.nodes()[0]->op->type(), "Identity");
}

TEST(ImportMoves, OldSlicesHaveAttributes) {
  for (const bool axes : {false, true}) {
    TestModel model(9);
    auto& node = single_node(model, "Slice", {2, 3});
    set(node, "starts", axes ? Ints{1} : Ints{0, 1});
    set(node, "ends", axes ? Ints{kMost} : Ints{kMost, -1});
    if (axes) set(node, "axes", Ints{1});
    EXPECT_EQ(evaluate(model, {counted(6)}),
              axes ? (Texts{"1", "2", "4", "5"}) : (Texts{"1", "4"}));
  }
}

TEST(ImportMoves, ShapeArithmeticGoesThroughSlices) {
  TestModel model;
  model.input("x", {1, 2, 3});
  model.ints("zero", {1}, {0});
  model.ints("one", {1}, {1});
  model.ints("rest", {1}, {-1});
  model.node("Shape", {"x"}, {"shape"});
  model.node("Slice", {"shape", "zero", "one"}, {"batch"});
  set(model.node("Concat", {"batch", "rest"}, {"flat"}), "axis", std::int64_t{0});
  model.node("Reshape", {"x", "flat"}, {"y"});
  model.output("y");
  EXPECT_EQ(*model.import().find_tensor("y")->shape, (Shape{1, 6}));
}

TestModel pad_model(const std::string& mode, const Ints& shape, const Ints& pads,
                    std::int64_t version = 19) {
  TestModel model(version);
  if (version >= 11) model.ints("pads", {length(pads)}, pads);
  auto& node = single_node(model, "Pad", shape, version < 11 ? Names{} : Names{"pads"});
  if (version < 11) set(node, "pads", pads);
  set(node, "mode", mode);
  return model;
}

TEST(ImportMoves, PadsMirrorRepeatAndWrap) {
  const auto padded = [](const std::string& mode, const Ints& pads) {
    return evaluate(pad_model(mode, {3}, pads), {{7, 8, 9}});
  };
  EXPECT_EQ(padded("reflect", {2, 1}), (Texts{"9", "8", "7", "8", "9", "8"}));
  EXPECT_EQ(padded("reflect", {0, 2}), (Texts{"7", "8", "9", "8", "7"}));
  EXPECT_EQ(padded("edge", {2, 4}), (Texts{"7", "7", "7", "8", "9", "9", "9", "9", "9"}));
  EXPECT_EQ(padded("wrap", {4, 2}), (Texts{"9", "7", "8", "9", "7", "8", "9", "7", "8"}));
  EXPECT_EQ(padded("edge", {0, 0}), (Texts{"7", "8", "9"}));
}

TEST(ImportMoves, PadsOfSeveralAxes) {
  // 0 1 / 2 3: a column in front, a row behind.
  const Ints pads = {0, 1, 1, 0};
  const Texts expected = {"1", "0", "1", "3", "2", "3", "1", "0", "1"};
  EXPECT_EQ(evaluate(pad_model("reflect", {2, 2}, pads), {counted(4)}), expected);
  EXPECT_EQ(evaluate(pad_model("reflect", {2, 2}, pads, 10), {counted(4)}), expected);
}

TEST(ImportMoves, PadsMayListTheirAxes) {
  for (const std::string mode : {"edge", "constant"}) {
    TestModel model(18);
    model.ints("pads", {2}, {2, 1});
    model.ints("axes", {1}, {-1});
    single_node(model, "Pad", {2, 1}, {"pads", "", "axes"});
    set(*model.graph().mutable_node(0), "mode", mode);
    EXPECT_EQ(evaluate(model, {{3, 4}}), mode == "edge"
                                             ? (Texts{"3", "3", "3", "3", "4", "4", "4", "4"})
                                             : (Texts{"0", "0", "3", "0", "0", "0", "4", "0"}));
  }
}

TEST(ImportMoves, ExpandRepeatsAxesOfOne) {
  const auto expanded = [](const Ints& from, const Ints& shape) {
    TestModel model;
    model.input("x", from);
    model.ints("shape", {length(shape)}, shape);
    model.node("Expand", {"x", "shape"}, {"y"});
    model.output("y");
    return model;
  };
  const TestModel rows = expanded({1, 2, 1}, {1, 1, 3});
  EXPECT_EQ(evaluate(rows, {counted(2)}), (Texts{"0", "0", "0", "1", "1", "1"}));
  const TestModel ranked = expanded({1, 2}, {1, 1, 2, 1});
  EXPECT_EQ(*ranked.import().find_tensor("y")->shape, (Shape{1, 1, 2, 2}));
}

TEST(ImportMoves, TileRepeatsWhatIsThere) {
  TestModel model;
  model.input("x", {1, 2, 2});
  model.ints("repeats", {3}, {1, 2, 1});
  model.node("Tile", {"x", "repeats"}, {"y"});
  model.output("y");
  EXPECT_EQ(evaluate(model, {counted(4)}), (Texts{"0", "1", "2", "3", "0", "1", "2", "3"}));
}

TEST(ImportMoves, SpaceToDepthPutsTheBlockOutside) {
  // Channel 0 is 0 1 / 2 3, channel 1 is 4 5 / 6 7.
  TestModel model;
  set(single_node(model, "SpaceToDepth", {1, 2, 2, 2}), "blocksize", std::int64_t{2});
  EXPECT_EQ(evaluate(model, {counted(8)}), (Texts{"0", "4", "1", "5", "2", "6", "3", "7"}));
  EXPECT_EQ(*model.import().find_tensor("y")->shape, (Shape{1, 8, 1, 1}));
}

}  // namespace
}  // namespace assay
