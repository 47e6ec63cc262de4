// SPDX-License-Identifier: Apache-2.0
// What cannot be taken back or looked at, where there is no project for Vivado yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A run that ended early, so that nothing can have been made of it.
std::filesystem::path early_run(const TempDir& dir) {
  const std::filesystem::path model = save_tiny(dir.path() / "tiny.onnx"), out = dir.path() / "out";
  const CommandResult result = run_assay(
      {"run", model.string(), "--images", "2", "--until", "cleanup", "--out", out.string()});
  EXPECT_EQ(result.code, 0) << result.err;
  return out;
}

CommandResult collect(const std::filesystem::path& run, const std::string& target) {
  return run_assay({"build", run.string(), "--target", target, "--collect", run.string()});
}

TEST(CollectOdd, WhereNothingWasGenerated) {
  const TempDir dir;
  const std::filesystem::path out = early_run(dir);
  const CommandResult result = collect(out, "Pynq-Z1");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("has no project for Pynq-Z1"), HasSubstr("assay build"),
                                HasSubstr("--target Pynq-Z1")));
  EXPECT_FALSE(std::filesystem::exists(out / "build/Pynq-Z1"));
}

TEST(CollectOdd, OfWhatIsNoRun) {
  const TempDir dir;
  EXPECT_EQ(collect(dir.path(), "Pynq-Z1").code, 2);
  EXPECT_EQ(collect(dir.path() / "nowhere", "Pynq-Z1").code, 2);
  EXPECT_EQ(run_assay({"inspect", (dir.path() / "nowhere").string()}).code, 2);
  dir.write("file", "");
  EXPECT_EQ(run_assay({"inspect", (dir.path() / "file").string()}).code, 2);
}

TEST(CollectOdd, AReportThatWasEdited) {
  const TempDir dir;
  const std::filesystem::path out = early_run(dir);
  write_file(out / "reports/vivado-Pynq-Z1.json", "{}");
  const CommandResult result = collect(out, "Pynq-Z1");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("vivado-Pynq-Z1.json"));
}

TEST(CollectOdd, IsOfBoardsAlone) {
  const TempDir dir;
  const CommandResult result = collect(early_run(dir), "ice40-hx8k");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--collect is for boards whose bitstreams Vivado makes"));
}

}  // namespace
}  // namespace assay
