// SPDX-License-Identifier: Apache-2.0
// Networks that are odd but right, and one with nothing to build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/run_command.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

CommandResult run(const TestModel& model, const std::string& until) {
  const TempDir dir;
  const auto file = dir.path() / "net.onnx";
  write_file(file, model.bytes());
  return run_assay({"run", file.string(), "--images", "2", "--until", until, "--out",
                    (dir.path() / "out").string()});
}

/// Two Relus on a picture: its output is a map.
TestModel map_model() {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  model.node("Relu", {"x"}, {"t"});
  model.node("Relu", {"t"}, {"y"});
  model.output("y");
  return model;
}

TEST(RunOdd, ANetworkThatEndsInAMapGetsNoLabel) {
  const CommandResult result = run(map_model(), "postprocess");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("EQUIVALENT"));
}

/// Without labels, accuracy would quietly be left out.
TEST(RunOdd, LabelsThatAreNoFileAreRefused) {
  const TempDir dir;
  const auto file = dir.path() / "net.onnx", data = dir.path() / "x.npy";
  const auto labels = dir.path() / "x.labels.npy";
  write_file(file, map_model().bytes());
  write_npy(data, make_npy<std::uint8_t>({2, 1, 4, 4}, std::vector<std::uint8_t>(32, 9)));
  const auto code = [&] {
    const CommandResult result =
        run_assay({"run", file.string(), "--data", data.string(), "--until", "cleanup", "--out",
                   (dir.path() / "out").string()});
    EXPECT_THAT(result.err, HasSubstr("x.labels.npy' should hold the labels of '"));
    return result.code;
  };
  std::filesystem::create_directory(labels);
  EXPECT_EQ(code(), 2);
  std::filesystem::remove(labels);
  ASSERT_EQ(::mkfifo(labels.c_str(), 0600), 0);
  EXPECT_EQ(code(), 2);
  std::filesystem::remove(labels);
  std::filesystem::create_symlink("nowhere", labels);
  EXPECT_EQ(code(), 2);
}

TEST(RunOdd, BytesDoNotFitAnInt8Input) {
  TestModel model;
  model.input("x", {1, 1, 4, 4}, onnx::TensorProto::INT8);
  set(model.node("Cast", {"x"}, {"t"}), "to", std::int64_t{onnx::TensorProto::FLOAT});
  model.node("Relu", {"t"}, {"y"});
  model.output("y");
  const TempDir dir;
  const std::string file = (dir.path() / "net.onnx").string();
  write_file(file, model.bytes());
  const std::string data = (dir.path() / "pixels.npy").string();
  write_npy(data, make_npy<std::uint8_t>({1, 1, 4, 4}, std::vector<std::uint8_t>(16, 200)));
  const CommandResult ran = run_assay(
      {"run", file, "--data", data, "--until", "cleanup", "--out", (dir.path() / "out").string()});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("hold 200, but the network takes INT8, -128 to 127"));
  std::vector<float> values(16, -128);
  const auto executed = [&](float last) {
    values.back() = last;
    const std::string input = (dir.path() / "x.npy").string();
    write_npy(input, make_npy<float>({1, 1, 4, 4}, values));
    return run_assay({"exec", file, "--input", input, "--output", (dir.path() / "y.npy").string()});
  };
  EXPECT_EQ(executed(127).code, 0);
  for (const float wrong : {128.0F, -129.0F, 0.5F}) {
    const CommandResult result = executed(wrong);
    EXPECT_EQ(result.code, 2) << wrong;
    EXPECT_THAT(result.err, HasSubstr("which input 'x' of type int8 cannot be"));
  }
}

TEST(RunOdd, LogitsThatAreNotFlattenedGetNoLabel) {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  TestModel::Floats weights;
  for (int i = 0; i < 48; ++i) weights.push_back(static_cast<float>(i * 5 % 7 - 3));
  model.floats("w", {3, 1, 4, 4}, weights);
  model.node("Conv", {"x", "w"}, {"y"});
  model.output("y");
  const CommandResult result = run(model, "postprocess");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
}

/// The best of one class is always itself: hardware that says so would be right for any network.
TEST(RunOdd, ASingleNumberGetsNoLabelThatIsAlwaysRight) {
  TestModel model;
  model.input("x", {1, 1, 4, 4});
  TestModel::Floats weights;
  for (int i = 0; i < 16; ++i) weights.push_back(static_cast<float>(i * 5 % 7 - 3));
  model.floats("w", {1, 1, 4, 4}, weights);
  model.node("Conv", {"x", "w"}, {"c"});
  model.node("Flatten", {"c"}, {"y"});
  model.output("y");
  const CommandResult imported = run(model, "postprocess");
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, ::testing::Not(HasSubstr("topk")));
  const CommandResult result = run(model, "fifos");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("EQUIVALENT"));
}

/// Hardware that puts out one number whatever it gets is right, and of no use.
TEST(RunOdd, AnOutputThatIsTheSameForEveryInputIsRefused) {
  TestModel model;
  model.input("x", {1, 4});
  model.scalar("scale", 1000);
  model.tensor("zero", {}, onnx::TensorProto::UINT8).add_int32_data(0);
  model.floats("w", {4, 1}, {1, 2, 3, 4});
  model.node("QuantizeLinear", {"x", "scale", "zero"}, {"q"});
  model.node("DequantizeLinear", {"q", "scale", "zero"}, {"d"});
  model.node("MatMul", {"d", "w"}, {"y"});
  model.output("y");
  const CommandResult result = run(model, "tail");
  EXPECT_EQ(result.code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("output 'y' is the same for every input"));
}

TEST(RunOdd, ARealOutputIsComparedWhereItIsPutOut) {
  const CommandResult result = run(map_model(), "absorb_scales");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("all 32 elements of 1 checkpoints agree"));
}

}  // namespace
}  // namespace assay
