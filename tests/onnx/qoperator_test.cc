// SPDX-License-Identifier: Apache-2.0
// Operators on quantised tensors: dequantise, compute, quantise. The scales are powers of two where
// the values are worked by hand.
#include <gtest/gtest.h>

#include "compile/graph/ops.h"
#include "compile/onnx/export.h"
#include "onnx/evaluate.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;
using Names = TestModel::Names;
using onnx::TensorProto;

constexpr const char* kMicrosoft = "com.microsoft";

/// A model of one operator on quantised tensors whose integer input is x.
class QuantisedModel : public TestModel {
 public:
  explicit QuantisedModel(const Ints& shape, int type = TensorProto::UINT8) : TestModel(13) {
    opset(kMicrosoft, 1);
    input("x", shape, type);
    output("y");
  }
  QuantisedModel& integers(const std::string& name, const Ints& dims, const Ints& values,
                           int type = TensorProto::UINT8) {
    auto& added = tensor(name, dims, type);
    for (const std::int64_t value : values) added.add_int32_data(static_cast<std::int32_t>(value));
    return *this;
  }
  /// Scale NAME_s and zero point NAME_z.
  QuantisedModel& parameters(const std::string& name, float scale, std::int64_t zero,
                             int type = TensorProto::UINT8) {
    scalar(name + "_s", scale);
    return integers(name + "_z", {}, {zero}, type);
  }
};

QuantisedModel qlinear_conv_model() {
  QuantisedModel model({1, 1, 1, 2});
  model.parameters("x", 0.5F, 1).parameters("y", 0.25F, 10);
  model.integers("w", {2, 1, 1, 1}, {3, -2}, TensorProto::INT8);
  model.floats("w_s", {2}, {0.25F, 2});
  model.integers("w_z", {2}, {1, 0}, TensorProto::INT8);
  model.integers("b", {2}, {4, -3}, TensorProto::INT32);
  model.node("QLinearConv", {"x", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z", "b"}, {"y"});
  return model;
}

TEST(ImportQOperator, ConvWithAScaleAndAZeroPointPerChannel) {
  // x = 2, 5 are 1/2 and 2. Channel 0: weight (3 - 1) / 4 = 1/2, bias 4 * 1/2 * 1/4 = 1/2; sums of
  // 3/4 and 3/2 are 3 and 6 quarters. Channel 1: weight -4, bias -3 * 1/2 * 2 = -3; -5 and -11 are
  // -20 and -44 quarters, which end at 0.
  EXPECT_EQ(evaluate(qlinear_conv_model(), {{2, 5}}), (Texts{"13", "16", "0", "0"}));
}

TEST(ImportQOperator, TheBiasIsExactWhereTheProductOfScalesIsNoFloat) {
  QuantisedModel model({1, 1, 1, 1});
  model.parameters("x", 0.1F, 0).parameters("w", 0.1F, 0, TensorProto::INT8);
  model.parameters("y", 1, 0);
  model.integers("w", {1, 1, 1, 1}, {1}, TensorProto::INT8);
  model.integers("b", {1}, {3}, TensorProto::INT32);
  model.node("QLinearConv", {"x", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z", "b"}, {"y"});
  const Graph graph = model.import();
  const Constant& bias = *graph.find_tensor("b_real")->constant;
  ASSERT_TRUE(bias.is_real());
  const Real scale = Real::of(0.1F);
  EXPECT_EQ(bias.real(0), Real(3) * scale * scale);
  EXPECT_EQ(to_text(import_bytes(export_bytes(graph), {}, "saved")), to_text(graph));
}

TEST(ImportQOperator, ConvIsNamedAsInTheFile) {
  const Graph graph = qlinear_conv_model().import();
  EXPECT_NE(graph.find_node("n0")->as<ops::Conv>(), nullptr);
  EXPECT_EQ(graph.find_tensor("y")->producer->name, "y_quantize");
  EXPECT_NE(graph.find_tensor("x_real"), nullptr);
}

TEST(ImportQOperator, MatMulWithAScalePerColumn) {
  QuantisedModel model({1, 2});
  model.parameters("x", 0.5F, 2).parameters("y", 0.5F, 100);
  model.integers("w", {2, 2}, {1, 2, 3, 4}, TensorProto::INT8);
  model.floats("w_s", {2}, {1, 2});
  model.integers("w_z", {2}, {0, 1}, TensorProto::INT8);
  model.node("QLinearMatMul", {"x", "x_s", "x_z", "w", "w_s", "w_z", "y_s", "y_z"}, {"y"});
  // (1, -1) times the columns (1, 3) and ((2 - 1) * 2, (4 - 1) * 2): -2 and -4.
  EXPECT_EQ(evaluate(model, {{4, 0}}), (Texts{"96", "92"}));
}

TEST(ImportQOperator, IntegerProductsAreThoseOfDifferences) {
  QuantisedModel conv({1, 1, 2, 2});
  conv.parameters("x", 0.5F, 3);
  conv.integers("w", {1, 1, 1, 1}, {5}, TensorProto::INT8)
      .integers("w_z", {1}, {2}, TensorProto::INT8);
  conv.node("ConvInteger", {"x", "w", "x_z", "w_z"}, {"y"});
  // (x - 3) * (5 - 2)
  EXPECT_EQ(evaluate(conv, {{3, 0, 10, 255}}), (Texts{"0", "-9", "21", "756"}));
  EXPECT_EQ(conv.import().find_tensor("y")->container, Container::kInt32);

  QuantisedModel product({1, 2});
  product.parameters("x", 0.5F, 2);
  product.integers("w", {2, 2}, {1, 2, 3, 4}, TensorProto::INT8);
  product.integers("w_z", {2}, {0, 1}, TensorProto::INT8);
  product.node("MatMulInteger", {"x", "w", "x_z", "w_z"}, {"y"});
  // (2, -2) times the columns (1, 3) and (1, 3).
  EXPECT_EQ(evaluate(product, {{4, 0}}), (Texts{"-4", "-4"}));
  QuantisedModel without({1, 2});
  without.integers("w", {2, 1}, {1, -3}, TensorProto::INT8);
  without.node("MatMulInteger", {"x", "w"}, {"y"});
  EXPECT_EQ(evaluate(without, {{4, 2}}), (Texts{"-2"}));
}

TestModel binary_model(const std::string& type, const Names& inputs) {
  QuantisedModel model({1, 3});
  model.parameters("x", 0.5F, 4).parameters("c", 0.25F, 8).parameters("y", 0.5F, 16);
  model.integers("c", {3}, {8, 12, 4});
  model.node(type, inputs, {"y"}, kMicrosoft);
  return model;
}

TEST(ImportQOperator, AddAndMul) {
  const Names inputs = {"x", "x_s", "x_z", "c", "c_s", "c_z", "y_s", "y_z"};
  // x = 0, 3, -2; c = 0, 1, -1.
  EXPECT_EQ(evaluate(binary_model("QLinearAdd", inputs), {{4, 10, 0}}), (Texts{"16", "24", "10"}));
  EXPECT_EQ(evaluate(binary_model("QLinearMul", inputs), {{4, 10, 0}}), (Texts{"16", "22", "20"}));
}

TEST(ImportQOperator, ZeroPointsMayBeLeftOut) {
  // x = 2, 5, 0; c = 2, 3, 1; the result is uint8 as they are.
  const TestModel model = binary_model("QLinearAdd", {"x", "x_s", "", "c", "c_s", "", "y_s"});
  EXPECT_EQ(evaluate(model, {{4, 10, 0}}), (Texts{"8", "16", "2"}));
  EXPECT_EQ(model.import().find_tensor("y")->container, Container::kUInt8);
}

TEST(ImportQOperator, GemmWithAndWithoutAQuantisedResult) {
  for (const bool quantised : {true, false}) {
    QuantisedModel model({1, 2});
    model.parameters("x", 0.5F, 2).parameters("w", 0.25F, 0, TensorProto::INT8);
    model.parameters("y", 0.5F, 100);
    model.integers("w", {2, 2}, {4, 8, -4, 12}, TensorProto::INT8);
    model.integers("c", {2}, {1, -8}, TensorProto::INT32);
    Names inputs = {"x", "x_s", "x_z", "w", "w_s", "w_z", "c"};
    if (quantised) inputs.insert(inputs.end(), {"y_s", "y_z"});
    auto& node = model.node("QGemm", inputs, {"y"}, kMicrosoft);
    set(node, "transB", std::int64_t{1});
    set(node, "alpha", 2.0F);
    // 2 * (1, 3) times the rows (1, 2) and (-1, 3), and c * 2 * 1/8: 14 + 1/4 and 16 - 2.
    EXPECT_EQ(evaluate(model, {{4, 8}}), quantised ? (Texts{"128", "128"}) : (Texts{"57/4", "14"}));
  }
}

TestModel unary_model(const std::string& type, const Ints& shape) {
  QuantisedModel model(shape);
  model.parameters("x", 0.5F, 4).parameters("y", 0.25F, 16);
  model.node(type, {"x", "x_s", "x_z", "y_s", "y_z"}, {"y"}, kMicrosoft);
  return model;
}

TEST(ImportQOperator, PoolsAndMeans) {
  // -2, 0, 1/2, 3 have the mean 3/8, a tie at 1.5 quarters.
  const std::vector<Ints> data = {{0, 4, 5, 10}};
  EXPECT_EQ(evaluate(unary_model("QLinearGlobalAveragePool", {1, 1, 2, 2}), data), Texts{"18"});
  TestModel mean = unary_model("QLinearReduceMean", {1, 1, 2, 2});
  set(*mean.graph().mutable_node(0), "axes", Ints{2, 3});
  set(*mean.graph().mutable_node(0), "keepdims", std::int64_t{0});
  EXPECT_EQ(evaluate(mean, data), Texts{"18"});
  EXPECT_EQ(*mean.import().find_tensor("y")->shape, (Shape{1, 1}));
  TestModel pool = unary_model("QLinearAveragePool", {1, 1, 2, 2});
  set(*pool.graph().mutable_node(0), "kernel_shape", Ints{1, 2});
  EXPECT_EQ(evaluate(pool, data), (Texts{"12", "23"}));  // -1 and 7/4
}

TEST(ImportQOperator, LeakyRelu) {
  TestModel model = unary_model("QLinearLeakyRelu", {1, 3});
  set(*model.graph().mutable_node(0), "alpha", 0.5F);
  EXPECT_EQ(evaluate(model, {{0, 4, 6}}), (Texts{"12", "16", "20"}));  // -2, 0, 1
}

TEST(ImportQOperator, SoftmaxIsThatOfTheVersionThatItNames) {
  const auto types = [](std::int64_t version) {
    TestModel model = unary_model("QLinearSoftmax", {1, 2, 2});
    set(*model.graph().mutable_node(0), "axis", std::int64_t{1});
    set(*model.graph().mutable_node(0), "opset", version);
    std::string text;
    const Graph graph = model.import();
    for (const Node* node : graph.topological_order()) text += std::string(node->op->type()) + " ";
    return text;
  };
  EXPECT_EQ(types(13), "DequantizeLinear Softmax QuantizeLinear ");
  // All of the image is one row.
  EXPECT_EQ(types(11), "DequantizeLinear Flatten Softmax Reshape QuantizeLinear ");
}

TEST(ImportQOperator, ConcatBringsItsPartsToOneScale) {
  QuantisedModel model({1, 2});
  model.parameters("x", 0.5F, 4).parameters("c", 1, 0).parameters("y", 0.25F, 16);
  model.integers("c", {1, 1}, {3});
  set(model.node("QLinearConcat", {"y_s", "y_z", "x", "x_s", "x_z", "c", "c_s", "c_z"}, {"y"},
                 kMicrosoft),
      "axis", std::int64_t{1});
  EXPECT_EQ(evaluate(model, {{0, 5}}), (Texts{"8", "18", "28"}));
}

TEST(ImportQOperator, ReadersOfATensorShareItsRealNumbers) {
  QuantisedModel model({1, 2});
  model.parameters("x", 0.5F, 4).parameters("y", 0.25F, 16);
  model.node("QLinearAdd", {"x", "x_s", "x_z", "x", "x_s", "x_z", "y_s", "y_z"}, {"y"}, kMicrosoft);
  const Graph graph = model.import();
  EXPECT_EQ(graph.nodes().size(), 3U);
  EXPECT_EQ(evaluate(model, {{0, 5}}), (Texts{"0", "20"}));
}

TEST(ImportQOperator, OnnxruntimesQuantisersAreTheStandardOnes) {
  for (const auto& [type, zero, expected] :
       {std::tuple{TensorProto::UINT16, 32768, Texts{"-16384", "-1", "0", "1/2", "32767/2"}},
        {TensorProto::INT16, -1, Texts{"-32767/2", "-1", "0", "1/2", "16384"}},
        {TensorProto::INT8, 0, Texts{"-64", "-1", "0", "1/2", "127/2"}}}) {
    TestModel model(13);
    model.opset(kMicrosoft, 1);
    model.scalar("s", 0.5F);
    model.tensor("z", {}, type).add_int32_data(zero);
    model.input("x", {5});
    model.node("QuantizeLinear", {"x", "s", "z"}, {"q"}, kMicrosoft);
    model.node("DequantizeLinear", {"q", "s", "z"}, {"y"}, kMicrosoft);
    model.output("y");
    // Ties at -5/2 and 1/2 halves go to even ones: -2 and 0.
    EXPECT_EQ(evaluate(model, {{-400000, -5, 1, 2, 400000}}, 2), expected);
  }
}

}  // namespace
}  // namespace assay
