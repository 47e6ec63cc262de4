// SPDX-License-Identifier: Apache-2.0
// Networks that are odd but right, and one with nothing to build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
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
  EXPECT_EQ(result.code, 3) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("carries no checkpoint"));
}

/// Its checkpoint is carried by integers there, and nothing says what the network makes of them.
TEST(RunOdd, ARealOutputBehindItsCheckpointIsNotJudged) {
  const CommandResult result = run(map_model(), "absorb_scales");
  EXPECT_EQ(result.code, 3) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("carries no checkpoint"));
}

}  // namespace
}  // namespace assay
