// SPDX-License-Identifier: Apache-2.0
// What stops a network, all at once or as the first message of a run: by the user's own nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/run_command.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using Ints = TestModel::Ints;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CommandResult lint(const TestModel& model, const std::vector<std::string>& more = {}) {
  const TempDir dir;
  const auto file = dir.path() / "net.onnx";
  write_file(file, model.bytes());
  std::vector<std::string> arguments = {"lint", file.string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_assay(arguments);
}

std::string run_message(const TestModel& model) {
  const TempDir dir;
  const auto file = dir.path() / "net.onnx";
  write_file(file, model.bytes());
  const CommandResult result = run_assay({"run", file.string(), "--images", "2", "--until",
                                          "hw_layers", "--out", (dir.path() / "out").string()});
  EXPECT_EQ(result.code, 2) << result.out << result.err;
  return result.err;
}

/// Builds small networks of a user's, with PyTorch's names.
struct UserModel : TestModel {
  UserModel() {
    input("x", {1, 2, 6, 6});
    output("y");
  }
  std::string named(const std::string& type, const Names& inputs, const std::string& name,
                    const std::string& domain = "") {
    const std::string out = inputs.empty() || name != "/last" ? name + "_output_0" : "y";
    node(type, inputs, {out}, domain).set_name(name);
    return out;
  }
  std::string quant(const std::string& x, const std::string& name, float scale, float bits,
                    std::int64_t is_signed) {
    scalar(name + ".scale", scale);
    scalar(name + ".zero", 0);
    scalar(name + ".bits", bits);
    const std::string out = named("Quant", {x, name + ".scale", name + ".zero", name + ".bits"},
                                  name, "qonnx.custom_op.general");
    set(*graph().mutable_node(graph().node_size() - 1), "signed", is_signed);
    return out;
  }
  /// Weights that only a float32 holds.
  std::string weights(const std::string& name, const Ints& dims) {
    Floats values;
    for (std::int64_t i = 0; i < element_count(dims); ++i)
      values.push_back(std::sin(static_cast<float>(3 * i + 1)) *
                       std::exp2(static_cast<float>(-i % 7)));
    floats(name, dims, values);
    return name;
  }
  std::string conv(const std::string& x, const std::string& name, bool quantised) {
    std::string w = weights(name + ".weight", {2, 2, 3, 3});
    if (quantised) w = quant(w, name + ".weight_quant", 0.25F, 4, 1);
    return named("Conv", {x, w}, name);
  }
  std::string activation(const std::string& x, const std::string& name, bool quantised) {
    const std::string out = named("Relu", {x}, name);
    return quantised ? quant(out, name + ".act_quant", 0.37F, 4, 0) : out;
  }
};

/// Three convolutions with activations in between, and a quantiser behind them if any is there.
UserModel network(bool weights, bool activations) {
  UserModel m;
  std::string x = "x";
  x = m.activation(m.conv(x, "/features/conv1", weights), "/features/act1", activations);
  x = m.activation(m.conv(x, "/features/conv2", weights), "/features/act2", activations);
  m.named("Flatten", {m.named("GlobalAveragePool", {x}, "/pool")}, "/last");
  return m;
}

TEST(Lint, ANetworkThatNothingStops) {
  const CommandResult result = lint(network(true, true));
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_EQ(result.out, "nothing stops this network, from import to hw_layers\n");
}

TEST(Lint, EveryNodeThatImportRefuses) {
  UserModel m;
  m.node("Gelu2", {"x"}, {"a"}).set_name("/gelu");
  set(m.node("Relu", {"a"}, {"b"}), "strange", 1.0F);
  m.node("Erf", {"x"}, {"c"}, "my.domain").set_name("/mine");
  auto& relu = m.node("Relu", {"c"}, {"y"});
  relu.set_name("/fine");
  m.tensor("s", {1}, onnx::TensorProto::STRING).add_string_data("text");
  const CommandResult result = lint(m);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, AllOf(HasSubstr("import: node '/gelu' (Gelu2)\n    operator Gelu2"),
                                HasSubstr("import: node '/mine' (Erf)\n"),
                                HasSubstr("initializer 's'"), Not(HasSubstr("/fine")),
                                HasSubstr("3 would stop a run; what is behind import")));
}

TEST(Lint, GoesOnBehindARefusedNodeFromDeclaredShapes) {
  UserModel m;
  m.node("Gelu2", {"x"}, {"a"}).set_name("/gelu");
  set(m.node("Relu", {"a"}, {"y"}), "strange", 1.0F);
  m.value(*m.graph().add_value_info(), "a", {1, 2, 6, 6}, onnx::TensorProto::FLOAT);
  EXPECT_THAT(lint(m).out,
              AllOf(HasSubstr("'/gelu'"), HasSubstr("'n1' (Relu)"), HasSubstr("'strange'")));
}

TEST(Lint, SeveralNodesWithoutAnIntegerForm) {
  UserModel m;
  const std::string a = m.activation("x", "/a", true);
  const std::string c = m.activation(m.named("Softmax", {a}, "/gate1"), "/c", true);
  const std::string y = m.activation(m.named("Softmax", {c}, "/gate2"), "/e", true);
  const std::string last = m.conv(y, "/conv", true);  // weights are no work for a host
  m.named("Flatten", {m.named("GlobalAveragePool", {last}, "/pool")}, "/last");
  const CommandResult result = lint(m);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, AllOf(HasSubstr("in the model: node '/gate1' (Softmax)"),
                                HasSubstr("in the model: node '/gate2' (Softmax)"),
                                HasSubstr("no integer form")));
  const Json json = lint(m, {"--json"}).json();
  ASSERT_EQ(json.at("refusals").size(), 2);
  EXPECT_EQ(json.at("refusals")[0].at("step"), "absorb_scales");
}

TEST(Lint, AnOutputThatIsTheSameForEveryInput) {
  UserModel m;
  const std::string x = m.quant("x", "/small", 0.001F, 4, 1);
  m.quant(m.quant(x, "/one_level", 1000, 4, 1), "/last", 1, 4, 1);
  const CommandResult result = lint(m);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, HasSubstr("output 'y' is the same for every input"));
}

TEST(Lint, ANodeThatTookTheNameOfTheOutputIsNamedAsItself) {
  UserModel m;
  m.floats("scales", {4}, {1, 1, 0.5F, 0.3F});
  const std::string x = m.named("Resize", {m.activation("x", "/a", true), "", "scales"}, "/resize");
  const auto turned = [&](const std::string& from, const std::string& name, const Ints& perm) {
    const std::string out = m.named("Transpose", {from}, name);
    set(*m.graph().mutable_node(m.graph().node_size() - 1), "perm", perm);
    return out;
  };
  turned(turned(x, "/there", {0, 2, 3, 1}), "/last", {0, 3, 1, 2});
  EXPECT_THAT(lint(m).out, HasSubstr("in the model: node '/resize' (Resize)"));
}

TEST(FloatNetwork, NamesTheFirstLayerWithoutAQuantiser) {
  EXPECT_THAT(
      run_message(network(false, false)),
      AllOf(HasSubstr("in the model: node '/features/conv1' (Conv): its weights are not quantised"),
            HasSubstr("QuantConv2d with weight_bit_width")));
  EXPECT_THAT(lint(network(false, false)).out,
              AllOf(HasSubstr("node '/features/conv1' (Conv)\n    its weights are not quantised"),
                    HasSubstr("    make it a QuantConv2d")));
}

/// The layers around it lack quantisers: that is not why two activations have no product.
TEST(FloatNetwork, AProductOfTwoActivationsIsRefusedAsThatAlone) {
  UserModel m = network(false, false);
  const std::string x = "/features/act2_output_0";
  m.named("MatMul", {x, x}, "/attention");
  m.output("/attention_output_0");
  const std::string out = lint(m).out;
  const std::string name = "(MatMul)\n";
  ASSERT_THAT(out, HasSubstr(name + "    it multiplies two activations"));
  EXPECT_EQ(out.find(name), out.rfind(name)) << out;
  EXPECT_THAT(out, HasSubstr("node '/features/conv2' (Conv)\n    its weights are not quantised"));
}

/// SiLU behind convolutions without a quantiser, its channels split and put together again.
TestModel float_model(std::int64_t size) {
  TestModel m;
  m.input("x0", {1, 3, size, size});
  for (int i = 0; i < 4; ++i) {
    const auto name = [&](const char* what) { return what + std::to_string(i); };
    const std::int64_t channels = i == 0 ? 3 : 16;
    TestModel::Floats weights, bias;
    for (int w = 0; w < 16 * channels * 9; ++w)
      weights.push_back(static_cast<float>(w % 97 - 48) / 37.0F);
    for (int b = 0; b < 16; ++b) bias.push_back(static_cast<float>(b + 1) / 7.0F);
    m.floats(name("w"), {16, channels, 3, 3}, weights);
    m.floats(name("b"), {16}, bias);
    set(m.node("Conv", {name("x"), name("w"), name("b")}, {name("c")}), "pads", Ints{1, 1, 1, 1});
    m.node("Sigmoid", {name("c")}, {name("s")});
    m.node("Mul", {name("c"), name("s")}, {name("m")});
    set(m.node("Split", {name("m")}, {name("p"), name("q")}), "axis", std::int64_t{1});
    set(m.node("Concat", {name("q"), name("p")}, {"x" + std::to_string(i + 1)}), "axis",
        std::int64_t{1});
  }
  m.node("MatMul", {"x4", "x4"}, {"y"});
  m.output("y");
  return m;
}

/// Exact arithmetic over every pixel and every weight would take minutes, and be of no use.
TEST(FloatNetwork, OfLargePicturesIsLookedAtInLittleTime) {
  const auto start = std::chrono::steady_clock::now();
  const CommandResult result = lint(float_model(160));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  EXPECT_EQ(result.code, 2);
  for (const char* layer : {"Conv_0", "Conv_1", "Conv_2", "Conv_3"})
    EXPECT_THAT(result.out, HasSubstr("'" + std::string(layer) + "' (Conv)"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("import: 1 of 1, "), HasSubstr("integer forms: ")));
  EXPECT_THAT(result.out, HasSubstr("it multiplies two activations"));  // refused for more, too
}

TEST(FloatNetwork, QuantisedWeightsAndFloatActivations) {
  UserModel m;
  std::string x = "x";
  for (int i = 1; i <= 2; ++i) {
    x = m.conv(x, "/conv" + std::to_string(i), true);
    x = m.named("Sigmoid", {x}, "/act" + std::to_string(i));
  }
  m.named("Flatten", {m.named("GlobalAveragePool", {x}, "/pool")}, "/last");
  EXPECT_THAT(run_message(m), AllOf(HasSubstr("'/conv2' (Conv): its input is not quantised"),
                                    HasSubstr("'/conv1' (Conv)"), HasSubstr("QuantReLU")));
}

}  // namespace
}  // namespace assay
