// SPDX-License-Identifier: Apache-2.0
// Networks whose results are no numbers on some images: said by name, and nothing is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/run_command.h"
#include "onnx/test_model.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// What `assay exec` says of the network on the images [0,1] and [2,-3], which it must refuse.
std::string values_refusal(const TestModel& model, const std::string& mode) {
  const TempDir dir;
  const auto file = dir.path() / "net.onnx", x = dir.path() / "x.npy", y = dir.path() / "y.npy";
  write_file(file, model.bytes());
  write_npy(x, make_npy<float>({2, 2}, std::vector<float>{0, 1, 2, -3}));
  const CommandResult result = run_assay(
      {"exec", file.string(), "--input", x.string(), "--output", y.string(), "--mode", mode});
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_FALSE(std::filesystem::exists(y));
  return result.err;
}

/// x [1,2], plus 1: 1, 2 and 3, -2.
TestModel shifted_model() {
  TestModel model;
  model.input("x", {1, 2});
  model.scalar("one", 1);
  model.node("Add", {"x", "one"}, {"t"});
  return model;
}

TEST(Values, ThatAreNotDefinedAreNamed) {
  for (const char* mode : {"exact", "float"}) {
    TestModel model = shifted_model();
    model.node("Log", {"t"}, {"y"});
    model.output("y");
    EXPECT_THAT(
        values_refusal(model, mode),
        AllOf(HasSubstr("image 1: node 'n1' (Log)"), HasSubstr("element 1"),
              HasSubstr("made of -2"), HasSubstr("'y'"), HasSubstr("nan"), HasSubstr("clip what")))
        << mode;
  }
}

TEST(Values, ThatOverflowAreNamed) {
  for (const char* mode : {"exact", "float"}) {
    TestModel model = shifted_model();
    model.scalar("thousand", 1000);
    model.node("Mul", {"t", "thousand"}, {"u"});
    model.node("Exp", {"u"}, {"y"});
    model.output("y");
    EXPECT_THAT(values_refusal(model, mode),
                AllOf(HasSubstr("node 'n2' (Exp)"), HasSubstr("element 0"), HasSubstr("made of "),
                      HasSubstr("is inf, ")))
        << mode;
  }
}

TEST(Values, AreTracedToWhereTheyBegan) {
  TestModel model = shifted_model();
  model.scalar("three", 3);
  model.scalar("half", 0.5F);
  model.node("Sub", {"t", "one"}, {"u"});
  model.node("Div", {"three", "u"}, {"v"});
  model.node("Mul", {"v", "half"}, {"y"});
  model.output("y");
  EXPECT_THAT(values_refusal(model, "float"),
              HasSubstr("image 0: node 'n2' (Div): element 0 of 'v' is inf, made of 3 and 0"));
}

}  // namespace
}  // namespace assay
