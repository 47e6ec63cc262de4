// SPDX-License-Identifier: Apache-2.0
// Operators that become several at import: sums and functions that are linear in pieces. The values
// are worked by hand, in units that make ties and corners exact.
#include <gtest/gtest.h>

#include "onnx/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// y = f(x) for x = q/2.
Texts halves(const std::string& type, const Ints& q, std::int64_t version = 14) {
  TestModel model(version);
  single_node(model, type, {static_cast<std::int64_t>(q.size())});
  return evaluate(model, {q}, 1);
}

TEST(ImportPiecewise, NegAndAbs) {
  EXPECT_EQ(halves("Neg", {-3, 0, 4}), (Texts{"3/2", "0", "-2"}));
  EXPECT_EQ(halves("Abs", {-3, 0, 4, -255}), (Texts{"3/2", "0", "2", "255/2"}));
}

TEST(ImportPiecewise, HardSwishTakesOneSixthAsItIs) {
  // 1 * (1 + 3) / 6 = 2/3, which no float32 number times 4 is; -3 and 3 are the corners.
  EXPECT_EQ(halves("HardSwish", {2, -6, -7, 6, 7, -3, 0}),
            (Texts{"2/3", "0", "0", "3", "7/2", "-3/8", "0"}));
}

TEST(ImportPiecewise, HardSigmoidHasTheParametersOfTheFile) {
  TestModel model;
  auto& node = single_node(model, "HardSigmoid", {6});
  set(node, "alpha", 0.25F);
  set(node, "beta", 0.75F);
  // x = -4, -3, -1, 1/2, 1, 5 -> x/4 + 3/4
  EXPECT_EQ(evaluate(model, {{-8, -6, -2, 1, 2, 10}}, 1),
            (Texts{"0", "0", "1/2", "7/8", "1", "1"}));
}

TEST(ImportPiecewise, HardSigmoidHasTheDefaultsOfItsDefinition) {
  // 0.2 as float32 is 13421773 / 2^26; the value at 1 is that and 1/2.
  EXPECT_EQ(halves("HardSigmoid", {2, 0, -20, 20}), (Texts{"46976205/67108864", "1/2", "0", "1"}));
}

TEST(ImportPiecewise, LeakyReluOfAnySlope) {
  for (const auto& [alpha, expected] :
       std::vector<std::pair<float, Texts>>{{0.25F, {"-3/4", "0", "5/2"}},
                                            {2.0F, {"-6", "0", "5/2"}},
                                            {-1.0F, {"3", "0", "5/2"}},
                                            {0.0F, {"0", "0", "5/2"}}}) {
    SCOPED_TRACE(alpha);
    TestModel model;
    set(single_node(model, "LeakyRelu", {3}), "alpha", alpha);
    EXPECT_EQ(evaluate(model, {{-6, 0, 5}}, 1), expected);
  }
}

TEST(ImportPiecewise, LeakyReluHasAHundredthByDefault) {
  EXPECT_EQ(halves("LeakyRelu", {-2, 3}), (Texts{"-5368709/536870912", "3/2"}));
}

TEST(ImportPiecewise, PReluHasASlopePerChannel) {
  TestModel model;
  model.floats("slope", {2, 1, 1}, {0.5F, -2});
  single_node(model, "PRelu", {1, 2, 1, 2}, {"slope"});
  EXPECT_EQ(evaluate(model, {{-4, 4, -4, 4}}, 1), (Texts{"-1", "2", "4", "2"}));
}

TEST(ImportPiecewise, OldPReluHasItsSlopesInOneAxis) {
  TestModel model(6);
  model.floats("slope", {2}, {0.5F, -2});
  single_node(model, "PRelu", {1, 2, 1, 2}, {"slope"});
  EXPECT_EQ(evaluate(model, {{-4, 4, -4, 4}}, 1), (Texts{"-1", "2", "4", "2"}));
}

TEST(ImportPiecewise, ASlopeMayBeQuantised) {
  TestModel model;
  model.floats("slope", {1}, {0.3F});
  model.scalar("scale", 0.25F);
  model.scalar("zero", 0);
  model.scalar("bits", 4);
  model.node("Quant", {"slope", "scale", "zero", "bits"}, {"quantised"}, "qonnx.custom_op.general");
  single_node(model, "PRelu", {2}, {"quantised"});
  EXPECT_EQ(evaluate(model, {{-4, 4}}), (Texts{"-1", "4"}));
}

TEST(ImportPiecewise, SumOfAnyNumberOfInputs) {
  for (const auto& [inputs, expected] : std::vector<std::pair<TestModel::Names, Texts>>{
           {{}, {"1", "2"}}, {{"x"}, {"2", "4"}}, {{"c", "x", "c"}, {"22", "44"}}}) {
    TestModel model;
    model.floats("c", {2}, {10, 20});
    single_node(model, "Sum", {2}, inputs);
    EXPECT_EQ(evaluate(model, {{1, 2}}), expected);
  }
}

/// Two inputs x and z of shape [3], and a constant.
Texts extreme(const std::string& type, const TestModel::Names& inputs) {
  TestModel model;
  model.input("x", {3});
  model.input("z", {3});
  model.scalar("one", 1);
  model.floats("list", {3}, {4, -4, 0});
  model.node(type, inputs, {"y"});
  model.output("y");
  return evaluate(model, {{-2, 1, 7}, {-3, 1, 9}});
}

TEST(ImportPiecewise, MaxAndMinOfAnyNumberOfInputs) {
  EXPECT_EQ(extreme("Max", {"x"}), (Texts{"-2", "1", "7"}));
  EXPECT_EQ(extreme("Max", {"x", "z"}), (Texts{"-2", "1", "9"}));
  EXPECT_EQ(extreme("Min", {"x", "z"}), (Texts{"-3", "1", "7"}));
  EXPECT_EQ(extreme("Max", {"x", "list"}), (Texts{"4", "1", "7"}));
  EXPECT_EQ(extreme("Min", {"list", "x", "z"}), (Texts{"-3", "-4", "0"}));
  EXPECT_EQ(extreme("Max", {"one", "x", "z", "list"}), (Texts{"4", "1", "9"}));
  EXPECT_EQ(extreme("Min", {"x", "one", "z"}), (Texts{"-3", "1", "1"}));
}

TEST(ImportPiecewise, ANumberInMaxAndMinIsABoundOfClip) {
  for (const std::string type : {"Max", "Min"})
    for (const bool first : {false, true}) {
      TestModel model;
      model.input("x", {1, 2});
      model.floats("bound", {1, 1}, {0.5F});
      model.node(type, first ? TestModel::Names{"bound", "x"} : TestModel::Names{"x", "bound"},
                 {"y"});
      model.output("y");
      const Graph graph = model.import();
      ASSERT_EQ(graph.nodes().size(), 1U);
      EXPECT_EQ(graph.nodes()[0]->op->type(), "Clip");
      EXPECT_EQ(graph.nodes()[0]->name, "n0");
      EXPECT_EQ(evaluate(model, {{-2, 2}}),
                type == "Max" ? (Texts{"1/2", "2"}) : (Texts{"-2", "1/2"}));
    }
}

TEST(ImportPiecewise, ANumberOfHigherRankStretchesTheOutput) {
  TestModel model;
  model.floats("bound", {1, 1, 1}, {0.5F});
  single_node(model, "Max", {2}, {"bound"});
  EXPECT_EQ(*model.import().find_tensor("y")->shape, (Shape{1, 1, 2}));
  EXPECT_EQ(evaluate(model, {{0, 1}}), (Texts{"1/2", "1"}));
}

TEST(ImportPiecewise, AnInfiniteBoundIsNone) {
  TestModel model;
  model.scalar("bound", -std::numeric_limits<float>::infinity());
  single_node(model, "Max", {2}, {"bound"});
  EXPECT_EQ(evaluate(model, {{-9, 9}}), (Texts{"-9", "9"}));
}

/// Messages about helpers lead back to the user's network.
TEST(ImportPiecewise, HelpersAreNamedAfterTheOutput) {
  TestModel model;
  model.input("x", {1, 2});
  set(model.node("LeakyRelu", {"x"}, {"act"}), "alpha", 0.5F);
  model.output("act");
  const Graph graph = model.import();
  EXPECT_EQ(graph.find_tensor("act")->producer->name, "n0");
  for (const auto& node : graph.nodes())
    EXPECT_TRUE(node->name == "n0" || node->name.starts_with("act_")) << node->name;
  for (const auto& tensor : graph.tensors())
    EXPECT_TRUE(tensor->name == "x" || tensor->name.starts_with("act")) << tensor->name;
  TestModel nameless = model;
  nameless.graph().mutable_node(0)->clear_name();
  EXPECT_EQ(nameless.import().find_tensor("act")->producer->name, "act");
}

}  // namespace
}  // namespace assay
