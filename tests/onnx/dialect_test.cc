// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// The only node of type T.
template <typename T>
const Node& the(const Graph& graph) {
  const Node* found = nullptr;
  for (const auto& node : graph.nodes())
    if (node->as<T>()) {
      EXPECT_EQ(found, nullptr) << "more than one";
      found = node.get();
    }
  if (!found) throw std::runtime_error("no such node in\n" + to_text(graph));
  return *found;
}
template <typename T>
const T& the_op(const Graph& graph) {
  return *the<T>(graph).template as<T>();
}
const Constant& constant(const Node& node, std::size_t index) {
  return *node.inputs.at(index)->constant;
}
Ints values(const Constant& c) { return {c.ints().begin(), c.ints().end()}; }
std::size_t count(const Graph& graph, std::string_view type) {
  std::size_t n = 0;
  for (const auto& node : graph.nodes()) n += node->op->type() == type ? 1 : 0;
  return n;
}

TEST(Dialect, EveryDomainOfQonnxMeansTheSame) {
  const std::string expected = to_text(quant_model().import());
  for (const char* domain : {"onnx.brevitas", "finn.custom_op.general", "finn", "", "ai.onnx"}) {
    SCOPED_TRACE(domain);
    EXPECT_EQ(to_text(quant_model(domain).import()), expected);
  }
  EXPECT_EQ(to_text(quant_model("qonnx.custom_op.general", "IntQuant").import()), expected);
}

TEST(Dialect, QuantHasTheDefaultsOfItsDefinition) {
  const Graph graph = quant_model().import();
  const auto& quant = the_op<ops::Quant>(graph);
  EXPECT_TRUE(quant.is_signed);
  EXPECT_FALSE(quant.narrow);
  EXPECT_EQ(quant.rounding_mode, RoundingMode::kHalfEven);
}

TEST(Dialect, RoundingModesAreReadInAnyCase) {
  TestModel model = quant_model();
  set(*model.graph().mutable_node(0), "rounding_mode", std::string("half_up"));
  EXPECT_EQ(the_op<ops::Quant>(model.import()).rounding_mode, RoundingMode::kHalfUp);
}

TEST(Dialect, IntegerZeroPointsAndBitWidthsAreAccepted) {
  TestModel model = quant_model("finn.custom_op.general");
  model.graph().mutable_initializer()->DeleteSubrange(1, 2);
  model.ints("zero", {}, {0});
  model.ints("bits", {}, {6});
  EXPECT_EQ(constant(the<ops::Quant>(model.import()), 3).ints()[0], 6);
}

TestModel trunc_model(const std::string& domain, std::vector<std::string> inputs) {
  TestModel model;
  model.input("x", {1, 2});
  model.scalar("scale", 1);
  model.scalar("zero", 0);
  model.scalar("in", 6);
  model.scalar("out", 4);
  inputs.insert(inputs.begin(), {"x", "scale", "zero", "in"});
  model.node("Trunc", inputs, {"y"}, domain);
  model.output("y");
  return model;
}

TEST(Dialect, TruncHasTheVersionOfItsDomain) {
  EXPECT_EQ(the_op<ops::Trunc>(trunc_model("onnx.brevitas", {"out"}).import()).version, 1)
      << "no import means 1";
  TestModel second = trunc_model("qonnx.custom_op.general", {"scale", "out"});
  second.opset("qonnx.custom_op.general", 2);
  EXPECT_EQ(the_op<ops::Trunc>(second.import()).version, 2);
  TestModel mixed = trunc_model("qonnx.custom_op.general", {"scale", "out"});
  mixed.opset("qonnx.custom_op.general", 1);
  EXPECT_THROW(mixed.import(), UserError) << "version 1 has five inputs";
}

TestModel sum_pool_model(std::int64_t version = 1, const std::string& type = "SumPool") {
  TestModel model;
  model.input("x", {1, 2, 5, 5});
  set(model.node(type, {"x"}, {"y"}, "assay"), "kernel_shape", Ints{2, 2});
  model.opset("assay", version);
  model.output("y");
  return model;
}

TEST(Dialect, OperatorsOfIntegerGraphsHaveADomainOfTheirOwn) {
  const Graph graph = sum_pool_model().import();
  const auto& pool = the_op<ops::SumPool>(graph);
  EXPECT_EQ(pool.window.strides, (Ints{1, 1})) << "windows are completed";
  EXPECT_EQ(pool.window.pads, (Ints{0, 0, 0, 0}));
  EXPECT_EQ(pool.window.dilations, (Ints{1, 1}));
  EXPECT_EQ(pool.data_layout, Layout::kNCHW);
  EXPECT_THROW(sum_pool_model(2).import(), UserError);
  EXPECT_THROW(sum_pool_model(1, "MaxPool").import(), UserError) << "of another domain";
}

TEST(Dialect, ParametersBehindIdentitiesAreFound) {
  TestModel model = quant_model();
  model.node("Identity", {"scale"}, {"same_scale"});
  model.graph().mutable_node(0)->set_input(1, "same_scale");
  EXPECT_EQ(the<ops::Quant>(model.import()).inputs[1]->name, "scale");
}

TEST(Dialect, ChannelsLastBecomesTransposedStandardOperators) {
  TestModel model;
  model.input("x", {1, 5, 6, 2});
  model.floats("w", {3, 3, 3, 2}, std::vector<float>(54, 1.0F));
  auto& node = model.node("Conv", {"x", "w"}, {"y"}, "qonnx.custom_op.channels_last");
  set(node, "kernel_shape", Ints{3, 3});
  set(node, "pads", Ints{1, 1, 1, 1});
  set(node, "strides", Ints{1, 1});
  set(node, "dilations", Ints{1, 1});
  set(node, "group", std::int64_t{1});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(count(graph, "Transpose"), 3);
  const Node& conv = the<ops::Conv>(graph);
  EXPECT_EQ(*conv.inputs[0]->shape, (Shape{1, 2, 5, 6}));
  EXPECT_EQ(*conv.inputs[1]->shape, (Shape{3, 2, 3, 3}));
  EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{1, 5, 6, 3}));
}

TEST(Dialect, DebugMarkerIsFoundInEveryDomain) {
  for (const char* domain : {"brevitas.onnx", "qonnx.custom_op.general"}) {
    TestModel model;
    model.input("x", {1, 2});
    set(model.node("DebugMarker", {"x"}, {"y"}, domain), "export_debug_name", std::string("here"));
    model.output("y");
    EXPECT_EQ(the_op<ops::DebugMarker>(model.import()).export_debug_name, "here");
  }
}

// ---- Older forms of the standard operators ----

TEST(OldForm, ClipBoundsBecomeInputs) {
  TestModel model(6);
  model.input("x", {1, 2});
  set(model.node("Clip", {"x"}, {"y"}), "max", 6.0F);
  model.output("y");
  const Graph graph = model.import();
  const Node& clip = the<ops::Clip>(graph);
  ASSERT_EQ(clip.inputs.size(), 3);
  EXPECT_EQ(clip.inputs[1], nullptr);
  EXPECT_EQ(constant(clip, 2).floats()[0], 6.0F);
}

TEST(OldForm, AnInfiniteClipBoundIsNone) {
  TestModel model;
  model.input("x", {1, 2});
  model.scalar("lo", -std::numeric_limits<float>::infinity());
  model.scalar("hi", 1);
  model.node("Clip", {"x", "lo", "hi"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(the<ops::Clip>(graph).inputs[1], nullptr);
  EXPECT_EQ(graph.find_tensor("lo"), nullptr);
}

TEST(OldForm, PadsBecomeAnInput) {
  TestModel model(9);
  model.input("x", {1, 2});
  auto& node = model.node("Pad", {"x"}, {"y"});
  set(node, "pads", Ints{0, 1, 0, 2});
  set(node, "value", 3.0F);
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(values(constant(the<ops::Pad>(graph), 1)), (Ints{0, 1, 0, 2}));
  EXPECT_EQ(constant(the<ops::Pad>(graph), 2).floats()[0], 3.0F);
  EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{1, 5}));
}

TEST(OldForm, AxesBecomeAnInput) {
  TestModel model(11);
  model.input("x", {1, 2});
  set(model.node("Unsqueeze", {"x"}, {"u"}), "axes", Ints{0, 3});
  model.node("Squeeze", {"u"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(values(constant(the<ops::Unsqueeze>(graph), 1)), (Ints{0, 3}));
  EXPECT_EQ(values(constant(the<ops::Squeeze>(graph), 1)), (Ints{0, 1, 3})) << "all axes of size 1";
}

TEST(OldForm, UpsampleBecomesResize) {
  TestModel model(7);
  model.input("x", {1, 2, 3, 3});
  auto& node = model.node("Upsample", {"x"}, {"y"});
  set(node, "scales", TestModel::Floats{1, 1, 2, 2});
  set(node, "mode", std::string("nearest"));
  model.output("y");
  const Graph graph = model.import();
  const auto& resize = the_op<ops::Resize>(graph);
  EXPECT_EQ(resize.coordinate_transformation_mode, "asymmetric");
  EXPECT_EQ(resize.nearest_mode, "floor");
  EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{1, 2, 6, 6}));
}

TEST(OldForm, ResizeAsPyTorchWritesItIsUnderstood) {
  TestModel model(13);
  model.input("x", {1, 2, 3, 3});
  model.floats("roi", {0}, {});
  model.floats("scales", {4}, {1, 1, 2, 2});
  auto& node = model.node("Resize", {"x", "roi", "scales"}, {"y"});
  set(node, "coordinate_transformation_mode", std::string("asymmetric"));
  set(node, "cubic_coeff_a", -0.75F);
  set(node, "mode", std::string("nearest"));
  set(node, "nearest_mode", std::string("floor"));
  model.output("y");
  EXPECT_EQ(the<ops::Resize>(model.import()).inputs[1], nullptr);
}

TEST(OldForm, SoftmaxOverSeveralAxesIsFlattened) {
  TestModel model(11);
  model.input("x", {2, 3, 4});
  model.node("Softmax", {"x"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(*the<ops::Softmax>(graph).inputs[0]->shape, (Shape{2, 12})) << "axis 1 is the default";
  EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{2, 3, 4}));
  EXPECT_EQ(the_op<ops::Softmax>(graph).axis, -1);
}

TEST(OldForm, SoftmaxOverTheLastAxisStaysOneNode) {
  TestModel model(11);
  model.input("x", {2, 3});
  model.node("Softmax", {"x"}, {"y"});
  model.output("y");
  EXPECT_EQ(model.import().nodes().size(), 1);
}

TEST(OldForm, ReshapeCastAndTopKAttributesMove) {
  TestModel model(4);
  model.input("x", {2, 3});
  set(model.node("Reshape", {"x"}, {"r"}), "shape", Ints{3, 2});
  set(model.node("Cast", {"r"}, {"c"}), "to", std::string("INT32"));
  auto& top = model.node("TopK", {"r"}, {"v", "i"});
  set(top, "k", std::int64_t{2});
  set(top, "axis", std::int64_t{0});
  for (const char* name : {"c", "v", "i"}) model.output(name);
  const Graph graph = model.import();
  EXPECT_EQ(*graph.find_tensor("r")->shape, (Shape{3, 2}));
  EXPECT_EQ(the_op<ops::Cast>(graph).to, 6);
  EXPECT_EQ(*graph.find_tensor("i")->shape, (Shape{2, 2}));
}

/// What later versions added says nothing about the numbers that are read.
TEST(NewForm, QuantisersAndCastsOfTheNewestOpset) {
  const auto model = [](std::int64_t precision, std::int64_t output) {
    TestModel model(28);
    model.proto.set_ir_version(14);
    model.input("x", {1, 2});
    model.scalar("s", 0.5F);
    model.tensor("z", {}, onnx::TensorProto::INT8).add_int32_data(0);
    set(model.node("QuantizeLinear", {"x", "s", "z"}, {"q"}), "precision", precision);
    set(model.node("DequantizeLinear", {"q", "s", "z"}, {"d"}), "output_dtype", output);
    auto& cast = model.node("Cast", {"d"}, {"y"});
    set(cast, "to", std::int64_t{onnx::TensorProto::FLOAT});
    set(cast, "round_mode", std::string("up"));
    model.output("y");
    return model;
  };
  constexpr std::int64_t kFloat = onnx::TensorProto::FLOAT, kHalf = onnx::TensorProto::FLOAT16;
  EXPECT_EQ(model(0, 0).import().nodes().size(), 3U);
  EXPECT_EQ(model(kFloat, kFloat).import().nodes().size(), 3U);
  EXPECT_THROW(model(kHalf, 0).import(), UserError);
  EXPECT_THROW(model(0, kHalf).import(), UserError);
}

TEST(OldForm, DropoutBecomesIdentity) {
  TestModel model(13);
  model.input("x", {1, 2});
  model.scalar("ratio", 0.5F);
  model.tensor("training", {}, onnx::TensorProto::BOOL).add_int32_data(0);
  model.node("Dropout", {"x", "ratio", "training"}, {"y", "mask"});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(the<ops::Identity>(graph).outputs[0]->name, "y");
  for (const char* gone : {"ratio", "training", "mask"})
    EXPECT_EQ(graph.find_tensor(gone), nullptr);
}

TEST(OldForm, OperatorsAreNotOlderThanTheirFirstVersion) {
  const auto message = [](const OpInfo& info, std::int64_t opset) -> std::string {
    TestModel model(opset);
    model.input("x", {1, 2});
    model.node(std::string(info.type), {"x"}, {"y"});
    model.output("y");
    try {
      model.import();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  for (const OpInfo& info : op_registry()) {
    if (!info.domain.empty() || info.since == 1) continue;
    const std::string came =
        fmt::format("({}): the operator came with version {}", info.type, info.since);
    EXPECT_THAT(message(info, info.since - 1), ::testing::HasSubstr(came));
    EXPECT_THAT(message(info, info.since), ::testing::Not(::testing::HasSubstr("came with")));
  }
}

TEST(OldForm, DropoutOfNothingIsTheIdentityInTrainingModeToo) {
  for (const std::int64_t opset : {12, 13, 14, 21}) {
    TestModel model(opset);
    model.input("x", {1, 2});
    model.scalar("ratio", 0.0F);
    model.tensor("training", {}, onnx::TensorProto::BOOL).add_int32_data(1);
    model.node("Dropout", {"x", "ratio", "training"}, {"y", "mask"});
    model.output("y");
    const Graph graph = model.import();
    EXPECT_EQ(the<ops::Identity>(graph).inputs, std::vector{graph.inputs()[0]});
    EXPECT_EQ(graph.find_tensor("mask"), nullptr);
  }
}

TEST(OldForm, DropoutWithoutATrainingInputIsTheIdentity) {
  for (const std::int64_t opset : {1, 6, 7, 10, 12, 14}) {
    TestModel model(opset);
    model.input("x", {1, 2});
    auto& node = model.node("Dropout", {"x"}, {"y", "mask"});
    if (opset < 12) set(node, "ratio", 0.25F);
    if (opset < 7) set(node, "is_test", std::int64_t{1});
    model.output("y");
    the<ops::Identity>(model.import());
  }
  TestModel training(6);
  training.input("x", {1, 2});
  set(training.node("Dropout", {"x"}, {"y"}), "ratio", 0.0F);
  training.output("y");
  the<ops::Identity>(training.import());
}

TEST(OldForm, BatchNormalizationDropsItsTrainingSide) {
  TestModel model(7);
  model.input("x", {1, 2, 3});
  for (const char* name : {"s", "b", "m", "v"}) model.floats(name, {2}, {1, 2});
  set(model.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "m2", "v2"}), "spatial",
      std::int64_t{1});
  model.output("y");
  EXPECT_EQ(the<ops::BatchNormalization>(model.import()).outputs.size(), 1);
}

TEST(OldForm, ConstantNodesBecomeConstants) {
  TestModel model;
  model.input("x", {1, 2});
  set(model.node("Constant", {}, {"c"}), "value_floats", TestModel::Floats{1, 2});
  auto& tensor =
      *attribute(model.node("Constant", {}, {"d"}), "value", onnx::AttributeProto::TENSOR)
           .mutable_t();
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_float_data(3);
  model.node("Add", {"x", "c"}, {"a"});
  model.node("Mul", {"a", "d"}, {"y"});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(graph.nodes().size(), 2);
  EXPECT_EQ(constant(the<ops::Add>(graph), 1).floats()[1], 2.0F);
  EXPECT_EQ(constant(the<ops::Mul>(graph), 1).shape(), Shape{});
}

// ---- Windows ----

TestModel conv_model(Ints size) {
  TestModel model;
  size.insert(size.begin(), {1, 1});
  model.input("x", size);
  model.floats("w", {1, 1, 3, 2}, std::vector<float>(6, 1.0F));
  model.node("Conv", {"x", "w"}, {"y"});
  model.output("y");
  return model;
}

TEST(Window, DefaultsAreFilledFromTheWeights) {
  const Graph graph = conv_model({5, 5}).import();
  const ops::Window& window = the_op<ops::Conv>(graph).window;
  EXPECT_EQ(window, (ops::Window{{3, 2}, {1, 1}, {0, 0, 0, 0}, {1, 1}}));
}

TEST(Window, SamePaddingKeepsTheSizeOverTheStride) {
  // Height 5, kernel 3, stride 2: ceil(5/2) = 3 rows need (3-1)*2+3 = 7 = 5+2. Width 5, kernel 2,
  // stride 1: 5 columns need 6.
  for (const bool upper : {true, false}) {
    TestModel model = conv_model({5, 5});
    auto& node = *model.graph().mutable_node(0);
    set(node, "auto_pad", std::string(upper ? "SAME_UPPER" : "SAME_LOWER"));
    set(node, "strides", Ints{2, 1});
    const Graph graph = model.import();
    EXPECT_EQ(the_op<ops::Conv>(graph).window.pads,
              upper ? (Ints{1, 0, 1, 1}) : (Ints{1, 1, 1, 0}));
    EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{1, 1, 3, 5}));
  }
}

TEST(Window, SamePaddingCountsDilation) {
  TestModel model = conv_model({8, 8});
  auto& node = *model.graph().mutable_node(0);
  set(node, "auto_pad", std::string("SAME_UPPER"));
  set(node, "dilations", Ints{2, 3});
  EXPECT_EQ(the_op<ops::Conv>(model.import()).window.pads, (Ints{2, 1, 2, 2}));  // spans of 5 and 4
}

TEST(Window, TransposedConvolutionMeetsItsOutputShape) {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  model.floats("w", {1, 1, 4, 4}, std::vector<float>(16, 1.0F));
  auto& node = model.node("ConvTranspose", {"x", "w"}, {"y"});
  set(node, "strides", Ints{2, 2});
  set(node, "output_shape", Ints{8, 8});
  model.output("y");
  const Graph graph = model.import();
  EXPECT_EQ(the_op<ops::ConvTranspose>(graph).window.pads, (Ints{1, 1, 1, 1}));  // 2*3+4 = 10 = 8+2
  EXPECT_EQ(*graph.find_tensor("y")->shape, (Shape{1, 1, 8, 8}));
}

TEST(Window, PoolsWithoutDilationsHaveOnes) {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  set(model.node("AveragePool", {"x"}, {"y"}), "kernel_shape", Ints{2, 2});
  model.output("y");
  EXPECT_EQ(the_op<ops::AveragePool>(model.import()).window.dilations, (Ints{1, 1}));
}

}  // namespace
}  // namespace assay
