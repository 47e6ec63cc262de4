// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "build/collectable.h"
#include "build/environment.h"
#include "harness/report/schema.h"

namespace assay {
namespace inspect_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Inspect : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/bin/tclsh")) GTEST_SKIP() << "needs tclsh; install tcl";
    if (!fs::exists("/usr/bin/yosys")) GTEST_SKIP() << "needs yosys; install yosys";
    fill_with_collectable(dir.path());
  }
  CommandResult inspect(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"inspect", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  static Json level(const Json& report, const std::string& name) {
    for (const Json& one : report["levels"])
      if (one["level"] == name) return one;
    return {};
  }

  TempDir dir;
  fs::path out = dir.path() / "out";
  Environment path{"PATH", "/usr/bin:/bin"};
};

TEST_F(Inspect, SaysWhatThereIsAndWhatIsVerified) {
  const CommandResult result = inspect({"--json"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json report = result.json();
  EXPECT_THAT(schema_violations(report), IsEmpty());
  ASSERT_EQ(report["partitions"].size(), 1U);
  const Json in = report["partitions"][0]["interfaces"][0];
  EXPECT_EQ(in["port"], "s_axis");
  EXPECT_EQ(in["direction"], "in");
  EXPECT_EQ(in["tensor"], "global_in");
  // A frame is what the mover moves.
  const Json mover = report["targets"][0]["movers"][0];
  EXPECT_EQ(in["beats"], mover["frame_beats"]);
  EXPECT_EQ(in["tdata_bits"], mover["beat_bytes"].get<int>() * 8);
  EXPECT_EQ(mover["base"], 0x40000000);
  EXPECT_EQ(report["registers"][0]["name"], "control");
  EXPECT_EQ(report["targets"][0]["estimates"], report["partitions"][0]["estimates"]);
  EXPECT_GT(report["partitions"][0]["interval"], 0);
  EXPECT_EQ(level(report, "stages")["verdict"], "EQUIVALENT");
  EXPECT_EQ(level(report, "rtl-top")["verdict"], "EQUIVALENT");
  EXPECT_TRUE(level(report, "system")["verdict"].is_null());
  EXPECT_THAT(level(report, "system")["reason"].get<std::string>(),
              HasSubstr("assay verify DIR --level system"));
  EXPECT_EQ(level(report, "project for Pynq-Z1")["verdict"], "INCONCLUSIVE");
  EXPECT_TRUE(level(report, "netlist of Pynq-Z1")["verdict"].is_null());
  EXPECT_TRUE(level(report, "bitstream of Pynq-Z1")["verdict"].is_null());
  EXPECT_TRUE(level(report, "board Pynq-Z1")["verdict"].is_null());
  // Sizes are those of the files.
  std::int64_t bytes = 0, files = 0;
  for (const auto& entry : fs::directory_iterator(out / "stages"))
    bytes += static_cast<std::int64_t>(entry.file_size()), ++files;
  for (const Json& folder : report["folders"])
    if (folder["folder"] == "stages") {
      EXPECT_EQ(folder["bytes"], bytes);
      EXPECT_EQ(folder["files"], files);
    }
}

TEST_F(Inspect, IsAPageForPeople) {
  const CommandResult result = inspect();
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out,
              HasSubstr("Pynq-Z1 (xc7z020clg400-1): 100 MHz asked for, reached: not known"));
  EXPECT_THAT(result.out, HasSubstr("idma0: 0x40000000, s_axis 'global_in'"));
  EXPECT_THAT(result.out, HasSubstr("+0x3c"));
  EXPECT_THAT(result.out, HasSubstr("NOT VERIFIED"));
}

TEST_F(Inspect, SeesWhatWasCollected) {
  ASSERT_EQ(run_assay({"build", out.string(), "--target", "Pynq-Z1", "--collect",
                       (dir.path() / "results").string()})
                .code,
            0);
  const Json report = inspect({"--json"}).json();
  EXPECT_EQ(level(report, "project for Pynq-Z1")["verdict"], "EQUIVALENT");
  EXPECT_EQ(level(report, "netlist of Pynq-Z1")["verdict"], "EQUIVALENT");
  EXPECT_TRUE(level(report, "bitstream of Pynq-Z1")["verdict"].is_null());
  EXPECT_EQ(report["targets"][0]["synthesised"]["lut"], 339);
  EXPECT_EQ(report["targets"][0]["bitstream"]["sha256"], sha256(vivado_results::bitfile()));
}

TEST_F(Inspect, SaysWhatWasChangedSince) {
  const fs::path file = out / "build/Pynq-Z1/bd.tcl";
  write_file(file, read_file(file) + "# edited\n");
  const CommandResult result = inspect();
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("CHANGED SINCE: build/Pynq-Z1/bd.tcl"));
}

TEST_F(Inspect, RefusesWhatIsNoRun) {
  const CommandResult result = run_assay({"inspect", dir.path().string()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, Not(IsEmpty()));
  const fs::path stage = [&] {
    fs::path last;
    for (const auto& entry : fs::directory_iterator(out / "stages"))
      last = std::max(last, entry.path());
    return last;
  }();
  write_file(stage, read_file(stage) + "x");
  EXPECT_EQ(inspect().code, 2);
}

/// A run that ended before its hardware has none, and says so.
TEST_F(Inspect, OfARunWithoutHardware) {
  const fs::path early = dir.path() / "early";
  ASSERT_EQ(run_assay({"run", (dir.path() / "tiny.onnx").string(), "--images", "2", "--until",
                       "cleanup", "--out", early.string()})
                .code,
            0);
  const CommandResult result = run_assay({"inspect", early.string()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("no hardware: the run ended before it"));
}

}  // namespace inspect_test
}  // namespace assay
