// SPDX-License-Identifier: Apache-2.0
// What is refused of the operators that become others at import: each message says what would do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "compile/base/error.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using Ints = TestModel::Ints;
using Names = TestModel::Names;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string form_refusal(const TestModel& model) {
  try {
    model.import();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "the model was accepted";
  return {};
}

/// x of `shape` -> a node 'n0', which `change` completes.
std::string refused(std::int64_t version, const std::string& type, const Ints& shape,
                    const Names& parameters,
                    const std::function<void(TestModel&, onnx::NodeProto&)>& change,
                    int element = onnx::TensorProto::FLOAT) {
  TestModel model(version);
  model.input("x", shape, element);
  Names inputs = {"x"};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  auto& node = model.node(type, inputs, {"y"});
  model.output("y");
  change(model, node);
  const std::string message = form_refusal(model);
  EXPECT_THAT(message, AllOf(HasSubstr("'n0' (" + type + ")")));
  return message;
}

void nothing(TestModel&, onnx::NodeProto&) {}

TEST(ImportForm, PiecewiseFunctionsOfIntegersAreRefused) {
  for (const std::string type : {"Neg", "Abs", "LeakyRelu", "HardSigmoid", "HardSwish"})
    EXPECT_THAT(refused(14, type, {2}, {}, nothing, onnx::TensorProto::INT8),
                AllOf(HasSubstr("int8"), HasSubstr("DequantizeLinear")))
        << type;
  EXPECT_THAT(refused(14, "Max", {2}, {"x"}, nothing, onnx::TensorProto::UINT8),
              HasSubstr("uint8"));
}

TEST(ImportForm, UnknownAttributesAreNamed) {
  const auto strange = [](TestModel&, onnx::NodeProto& node) { set(node, "strange", 1.0F); };
  for (const std::string type :
       {"Neg", "Abs", "Sum", "Max", "Min", "LeakyRelu", "HardSigmoid", "HardSwish", "ReduceMean",
        "ReduceMax", "ReduceSum", "GlobalMaxPool", "ArgMax", "Split", "SpaceToDepth"})
    EXPECT_THAT(refused(13, type, {1, 2, 2, 2}, {}, strange),
                AllOf(HasSubstr("'strange'"), HasSubstr(type + " takes")));
}

TEST(ImportForm, ASlopeMustNotStretchTheInput) {
  const auto slope = [](TestModel& model, onnx::NodeProto&) { model.floats("slope", {2}, {1, 2}); };
  EXPECT_THAT(refused(14, "PRelu", {1, 2, 1, 1}, {"slope"}, slope),
              AllOf(HasSubstr("[2]"), HasSubstr("[C,1,1]")));
}

TEST(ImportForm, RepeatsAndShapesThatDoNotFit) {
  const auto repeats = [](TestModel& model, onnx::NodeProto&) {
    model.ints("repeats", {1}, {std::int64_t{1} << 62});
  };
  EXPECT_THAT(refused(14, "Tile", {4}, {"repeats"}, repeats), HasSubstr("out of range"));
  const auto few = [](TestModel& model, onnx::NodeProto&) { model.ints("few", {1}, {2}); };
  EXPECT_THAT(refused(14, "Tile", {1, 4}, {"few"}, few), HasSubstr("give one per axis"));
  EXPECT_THAT(refused(14, "Expand", {1, 4}, {"few"}, few), HasSubstr("[1,4]"));
  const auto huge = [](TestModel& model, onnx::NodeProto&) {
    model.ints("huge", {2}, {std::int64_t{1} << 40, 4});
  };
  EXPECT_THAT(refused(14, "Expand", {1, 4}, {"huge"}, huge), HasSubstr("too many elements"));
}

TEST(ImportForm, SoManyNodesMayBeMadeOfAFewAndNoMore) {
  // 47 times a difference, a Relu and a sum: the 233rd node passes 2^15.
  TestModel model;
  model.input("x", {1, 2});
  std::string last = "x";
  for (int i = 0; i < 240; ++i) {
    const std::string next = "t" + std::to_string(i);
    model.node("Max", Names(48, last), {next});
    last = next;
  }
  model.output(last);
  EXPECT_THAT(form_refusal(model), AllOf(HasSubstr("'n232' (Max)"), HasSubstr("32768")));
}

TEST(ImportForm, ParametersMustBeFinite) {
  const auto slope = [](TestModel& model, onnx::NodeProto&) {
    model.floats("slope", {1}, {std::numeric_limits<float>::quiet_NaN()});
  };
  EXPECT_THAT(refused(14, "PRelu", {2}, {"slope"}, slope), HasSubstr("'slope' holds NaN"));
}

TEST(ImportForm, OtherAxesOfReductionsAreRefused) {
  const auto axes = [](Ints values) {
    return [values = std::move(values)](TestModel&, onnx::NodeProto& node) {
      if (!values.empty()) set(node, "axes", values);
    };
  };
  for (const std::string type : {"ReduceMean", "ReduceMax"}) {
    EXPECT_THAT(refused(13, type, {1, 2, 3, 4}, {}, axes({1, 3})),
                AllOf(HasSubstr("axes [1,3]"), HasSubstr("from 2 on"), HasSubstr("or [1,2]")));
    EXPECT_THAT(refused(13, type, {1, 2, 3, 4}, {}, axes({0})), HasSubstr("spatial axes"));
    EXPECT_THAT(refused(13, type, {1, 2, 3, 4}, {}, axes({})), HasSubstr("axes [0,1,2,3]"));
    EXPECT_THAT(refused(13, type, {2, 2}, {}, axes({0})), HasSubstr("axis 1 of two, or spatial"));
    EXPECT_THAT(refused(13, type, {1, 2, 3, 4}, {}, axes({2, -2})), HasSubstr("twice"));
    EXPECT_THAT(refused(13, type, {1, 2, 3, 4}, {}, axes({4})), HasSubstr("axis 4"));
  }
}

TEST(ImportForm, AxesMustBeConstant) {
  const auto computed = [](TestModel& model, onnx::NodeProto&) {
    model.input("a", {2}, onnx::TensorProto::INT64);
  };
  EXPECT_THAT(refused(18, "ReduceMean", {1, 2, 3, 4}, {"a"}, computed),
              AllOf(HasSubstr("the axes"), HasSubstr("constant")));
}

TEST(ImportForm, TheLastOfEqualElementsIsRefused) {
  const auto last = [](TestModel&, onnx::NodeProto& node) {
    set(node, "select_last_index", std::int64_t{1});
  };
  EXPECT_THAT(refused(13, "ArgMax", {3, 2}, {}, last), HasSubstr("select_last_index"));
}

TEST(ImportForm, SizesThatDoNotAddUpAreRefused) {
  const auto sizes = [](Ints values) {
    return [values = std::move(values)](TestModel&, onnx::NodeProto& node) {
      node.add_output("z");
      if (!values.empty()) set(node, "split", values);
    };
  };
  for (const Ints& values :
       {Ints{2, 2}, Ints{2, 4}, Ints{5}, Ints{1, 2, 2}, Ints{6, -1}, Ints{0, 5}})
    EXPECT_THAT(refused(11, "Split", {5}, {}, sizes(values)),
                AllOf(HasSubstr("size 5"), HasSubstr("2 outputs")));
  EXPECT_THAT(refused(11, "Split", {5}, {}, sizes({})), HasSubstr("2 equal parts"));
}

TEST(ImportForm, CountsOfPartsMustAgree) {
  const auto parts = [](std::int64_t count) {
    return [count](TestModel&, onnx::NodeProto& node) { set(node, "num_outputs", count); };
  };
  EXPECT_THAT(refused(18, "Split", {5}, {}, parts(2)), HasSubstr("2 for 1 outputs"));
  // Parts of 2 leave nothing for a fourth.
  const auto four = [](TestModel&, onnx::NodeProto& node) {
    for (const char* name : {"b", "c", "d"}) node.add_output(name);
    set(node, "num_outputs", std::int64_t{4});
  };
  EXPECT_THAT(refused(18, "Split", {5}, {}, four), HasSubstr("4 equal parts"));
}

TEST(ImportForm, SlicesThatCannotBeAreRefused) {
  const auto slice = [](Ints starts, Ints ends, Ints axes, Ints steps) {
    return refused(13, "Slice", {4, 4}, {"starts", "ends", "axes", "steps"},
                   [&](TestModel& model, onnx::NodeProto&) {
                     const auto add = [&](const char* name, const Ints& values) {
                       model.ints(name, {static_cast<std::int64_t>(values.size())}, values);
                     };
                     add("starts", starts), add("ends", ends), add("axes", axes);
                     add("steps", steps);
                   });
  };
  EXPECT_THAT(slice({2}, {2}, {0}, {1}), HasSubstr("empty"));
  EXPECT_THAT(slice({0}, {2}, {0}, {-1}), HasSubstr("empty"));
  EXPECT_THAT(slice({0}, {2}, {0}, {0}), HasSubstr("step is 0"));
  EXPECT_THAT(slice({0, 0}, {1, 1}, {1, -1}, {1, 1}), HasSubstr("sliced twice"));
  EXPECT_THAT(slice({0, 0}, {1, 1}, {1}, {1, 1}), HasSubstr("2, 2, 1 and 2 entries"));
  EXPECT_THAT(slice({0}, {1}, {2}, {1}), HasSubstr("axis 2"));
}

TEST(ImportForm, PadsThatDoNotFitTheModeAreRefused) {
  const auto pad = [](const std::string& mode, Ints pads) {
    return refused(19, "Pad", {1, 3}, {"pads"}, [&](TestModel& model, onnx::NodeProto& node) {
      model.ints("pads", {4}, pads);
      set(node, "mode", mode);
    });
  };
  EXPECT_THAT(pad("reflect", {0, 3, 0, 0}), AllOf(HasSubstr("pad of 3"), HasSubstr("size 3")));
  EXPECT_THAT(pad("reflect", {0, 0, 1, 0}), HasSubstr("size 1"));
  EXPECT_THAT(pad("edge", {0, 0, 0, -1}), AllOf(HasSubstr("negative"), HasSubstr("Slice")));
  EXPECT_THAT(pad("symmetric", {0, 1, 0, 0}), AllOf(HasSubstr("'symmetric'"), HasSubstr("wrap")));
}

/// QLinearAdd of x and itself, with the inputs that `change` leaves.
std::string add_refusal(const std::function<void(TestModel&, onnx::NodeProto&)>& change) {
  TestModel model(13);
  model.opset("com.microsoft", 1);
  model.input("x", {1, 2}, onnx::TensorProto::UINT8);
  model.scalar("s", 0.5F);
  model.tensor("z", {}, onnx::TensorProto::UINT8).add_int32_data(0);
  auto& node =
      model.node("QLinearAdd", {"x", "s", "z", "x", "s", "z", "s", "z"}, {"y"}, "com.microsoft");
  model.output("y");
  change(model, node);
  return form_refusal(model);
}

TEST(ImportForm, QuantisedOperatorsNeedTheirParameters) {
  const auto without = [](int index) {
    return add_refusal([&](TestModel&, onnx::NodeProto& node) { node.set_input(index, ""); });
  };
  EXPECT_THAT(without(1), AllOf(HasSubstr("'n0'"), HasSubstr("input 1 (a scale)")));
  EXPECT_THAT(without(3), HasSubstr("input 3 is left out"));
  EXPECT_THAT(without(6), HasSubstr("the output's scale"));
  EXPECT_THAT(add_refusal([](TestModel& model, onnx::NodeProto& node) {
                model.input("t", {1});
                node.set_input(4, "t");
              }),
              HasSubstr("the scale must be a constant"));
  EXPECT_THAT(add_refusal([](TestModel& model, onnx::NodeProto& node) {
                model.scalar("none", 0);
                node.set_input(6, "none");
              }),
              HasSubstr("the scale must be positive"));
}

TEST(ImportForm, QuantisedOperatorsWithoutOneHereAreRefusedByName) {
  const auto type = [](const char* name) {
    return add_refusal([&](TestModel&, onnx::NodeProto& node) {
      node.set_op_type(name);
      node.mutable_input()->RemoveLast();
    });
  };
  EXPECT_THAT(type("QLinearWhere"), AllOf(HasSubstr("QLinearWhere"), HasSubstr("QLinearAdd"),
                                          HasSubstr("com.microsoft")));
  EXPECT_THAT(type("QLinearConcat"), HasSubstr("three for each tensor"));
}

/// x ['N',2] and the same of another image set -> a node along `axis`, which may mix images.
TestModel open_batch(const std::string& type, std::int64_t axis, bool open = true) {
  TestModel model;
  auto& dims = *model.input("x", {1, 2}).mutable_type()->mutable_tensor_type()->mutable_shape();
  if (open) dims.mutable_dim(0)->set_dim_param("N");
  model.node("Relu", {"x"}, {"t"});
  model.ints("first", {1}, {0});
  Names inputs = {"t"};
  if (type == "Gather") inputs.emplace_back("first");
  if (type == "Concat") inputs.emplace_back("t");
  set(model.node(type, inputs, {"y"}), "axis", axis);
  model.output("y");
  return model;
}

TEST(ImportForm, NodesThatMixImagesOfAnOpenBatchAreRefused) {
  for (const std::string type : {"Flatten", "Gather", "Concat", "Softmax", "ArgMax"}) {
    for (const std::int64_t axis : {0, -2})
      EXPECT_THAT(form_refusal(open_batch(type, axis)),
                  AllOf(HasSubstr("(" + (type == "ArgMax" ? "TopK" : type) +
                                  ") goes along the first axis, the images"),
                        HasSubstr("export for a batch of 1")))
          << type;
    EXPECT_NO_THROW(open_batch(type, 1).import()) << type;
    EXPECT_NO_THROW(open_batch(type, 0, false).import()) << type;
  }
}

TEST(ImportForm, GeluByTanhAndCeluByZeroAreRefused) {
  const auto message = [](const char* type, const auto& edit) {
    TestModel model(20);
    model.input("x", {1, 4});
    model.output("y");
    edit(model.node(type, {"x"}, {"y"}));
    return form_refusal(model);
  };
  EXPECT_THAT(message("Gelu", [](auto& node) { set(node, "approximate", std::string("tanh")); }),
              HasSubstr("export with approximate='none'"));
  EXPECT_THAT(message("Celu", [](auto& node) { set(node, "alpha", 0.0F); }),
              HasSubstr("divides by it"));
}

TEST(ImportForm, ChannelsLastOfOnnxruntimeIsRefused) {
  const std::string message = add_refusal([](TestModel&, onnx::NodeProto& node) {
    node.set_op_type("QLinearGlobalAveragePool");
    node.mutable_input()->DeleteSubrange(5, 3);
    set(node, "channels_last", std::int64_t{1});
  });
  EXPECT_THAT(message, HasSubstr("'channels_last' is 1"));
}

TEST(ImportForm, ABiasMustFitTheScalesOfTheWeights) {
  const auto conv = [](const Ints& bias, const std::function<void(TestModel&)>& change) {
    TestModel model(13);
    model.input("x", {1, 1, 1, 2}, onnx::TensorProto::UINT8);
    model.scalar("s", 0.5F);
    model.tensor("z", {}, onnx::TensorProto::UINT8).add_int32_data(0);
    auto& weights = model.tensor("w", {3, 1, 1, 1}, onnx::TensorProto::UINT8);
    for (int i = 0; i < 3; ++i) weights.add_int32_data(1);
    model.floats("each", {3}, {1, 2, 3});
    auto& b = model.tensor("b", {static_cast<std::int64_t>(bias.size())}, onnx::TensorProto::INT32);
    for (const std::int64_t value : bias) b.add_int32_data(static_cast<std::int32_t>(value));
    model.node("QLinearConv", {"x", "s", "z", "w", "each", "z", "s", "z", "b"}, {"y"});
    model.output("y");
    change(model);
    return form_refusal(model);
  };
  EXPECT_THAT(conv({1, 2}, [](TestModel&) {}), AllOf(HasSubstr("bias"), HasSubstr("3 scales")));
  EXPECT_THAT(conv({1, 2, 3},
                   [](TestModel& model) {
                     model.input("c", {3}, onnx::TensorProto::INT32);
                     model.graph().mutable_node(0)->set_input(8, "c");
                   }),
              AllOf(HasSubstr("'c'"), HasSubstr("constant integers")));
  EXPECT_THAT(conv({1, 2, 3},
                   [](TestModel& model) {
                     model.floats("two", {2}, {1, 2});
                     model.graph().mutable_node(0)->set_input(4, "two");
                   }),
              AllOf(HasSubstr("'two'"), HasSubstr("one number or 3")));
}

TEST(ImportForm, PackedDataMustFitTheShape) {
  const auto packed = [](const Ints& dims, const std::string& bytes, bool raw) {
    TestModel model(21);
    model.input("x", {1});
    auto& tensor = model.tensor("w", dims, 22);
    if (raw) tensor.set_raw_data(bytes);
    for (const char byte : raw ? "" : bytes)
      tensor.add_int32_data(static_cast<unsigned char>(byte));
    model.node("Identity", {"w"}, {"y"});
    model.output("y");
    return form_refusal(model);
  };
  EXPECT_THAT(packed({3}, "a", true), AllOf(HasSubstr("'w'"), HasSubstr("1 bytes")));
  EXPECT_THAT(packed({2}, "ab", true), HasSubstr("needs 1"));
  EXPECT_THAT(packed({3}, "abc", false), AllOf(HasSubstr("3 values"), HasSubstr("2 bytes")));
}

TEST(ImportForm, OutputTypesMustAgreeWithTheZeroPoint) {
  const auto quantise = [](std::int64_t type, bool zero) {
    return refused(21, "QuantizeLinear", {2}, zero ? Names{"s", "z"} : Names{"s"},
                   [&](TestModel& model, onnx::NodeProto& node) {
                     model.scalar("s", 1);
                     model.tensor("z", {}, onnx::TensorProto::INT8).add_int32_data(0);
                     set(node, "output_dtype", type);
                   });
  };
  EXPECT_THAT(quantise(22, true), AllOf(HasSubstr("INT4"), HasSubstr("another element type")));
  EXPECT_THAT(quantise(onnx::TensorProto::INT32, false), HasSubstr("INT32"));
  EXPECT_THAT(quantise(17, false), HasSubstr("FLOAT8E4M3FN"));
}

}  // namespace
}  // namespace assay
