// SPDX-License-Identifier: Apache-2.0
// Images that a network cannot be given, or that are none: refused before anything is written.
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

class WrongData : public ::testing::Test {
 protected:
  WrongData() {
    TestModel model;
    model.input("x", {1, 1, 2, 2});
    model.node("Relu", {"x"}, {"y"});
    model.output("y");
    write_file(file, model.bytes());
  }
  std::string refusal(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run",     file.string(), "--data", path(name),
                                          "--until", "cleanup",     "--out",  path("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_FALSE(std::filesystem::exists(path("out"))) << "nothing is written";
    return result.err;
  }
  template <typename T>
  std::string refusal_of(std::vector<std::int64_t> shape, std::vector<T> values) const {
    write_npy(path("x.npy"), make_npy<T>(std::move(shape), values));
    return refusal("x.npy");
  }
  std::string path(const std::string& name) const { return (dir.path() / name).string(); }

  TempDir dir;
  std::filesystem::path file = dir.path() / "net.onnx";
};

TEST_F(WrongData, ArraysOfAnotherShapeTypeOrRange) {
  EXPECT_THAT(refusal_of<std::uint8_t>({1, 5}, {1, 2, 3, 4, 5}),
              AllOf(HasSubstr("are [5] each"), HasSubstr("input is [1,1,2,2]")));
  EXPECT_THAT(refusal_of<std::int16_t>({1, 4}, {1, 2, 3, -4}),
              AllOf(HasSubstr("hold -4"), HasSubstr("UINT8, 0 to 255"), HasSubstr("--preprocess")));
  EXPECT_THAT(refusal_of<float>({1, 4}, {1, 0, 0.1F, 1}),
              AllOf(HasSubstr("element 2 is 0.1"), HasSubstr("give the pixels as uint8")));
  EXPECT_THAT(refusal_of<double>({1, 4}, {1, 0, 1e300, 1}),
              HasSubstr("float32 does not hold exactly"));
  EXPECT_THAT(refusal_of<std::int64_t>({1, 4}, {1, 2, 3, 1LL << 40}),
              HasSubstr("integers of up to 32 bits"));
}

TEST_F(WrongData, ArchivesThatAreNone) {
  dir.write("x.npz", "no archive");
  EXPECT_THAT(refusal("x.npz"), AllOf(HasSubstr("x.npz' is no zip file"), HasSubstr("savez")));
  dir.write("a/b.jpg", "no picture");
  EXPECT_THAT(refusal("a"), HasSubstr("holds no known data set"));
  dir.write("set/a/b.jpg", "no picture");
  EXPECT_THAT(refusal("set"), HasSubstr("b.jpg' is no JPEG file or is damaged"));
}

TEST_F(WrongData, AQuantiserThatIsNotThere) {
  write_npy(path("x.npy"), make_npy<std::uint8_t>({1, 4}, std::vector<std::uint8_t>(4)));
  EXPECT_THAT(refusal("x.npy", {"--preprocess", "quantiser"}),
              HasSubstr("input 'x' does not go straight, and alone, into a quantiser"));
}

}  // namespace
}  // namespace assay
