// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/base/file.h"
#include "harness/build/driver_package.h"
#include "harness/report/schema.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"
#include "harness/system/simulated_system.h"
#include "system/driver_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A small residual network, simulated to its stitched RTL.
class VerifySystem : public ::testing::Test {
 protected:
  VerifySystem() { fill_with_small_run(dir_.path()); }

  CommandResult verify(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify", out_.string(), "--level", "system"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }

  TempDir dir_;
  fs::path out_ = dir_.path() / "out";
};

TEST_F(VerifySystem, FramesGoFromMemoryToMemory) {
  for (const char* bits : {"64", "512"}) {
    const CommandResult result = verify({"--json", "--memory-bits", bits, "--profiles", "all"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json report = result.json();
    EXPECT_THAT(schema_violations(report), IsEmpty());
    EXPECT_EQ(report["verdict"], "EQUIVALENT") << report["reason"];
    EXPECT_EQ(report["images"], 6);
    EXPECT_EQ(report["runs"].size(), 6U);
    // A label of each of six images and of three once more, under six profiles.
    EXPECT_EQ(report["predicted"], 54);
    EXPECT_EQ(report["compared"], 54);
    EXPECT_EQ(report["canaries"]["planted"], 24);
    EXPECT_EQ(report["canaries"]["caught"], 24);
    EXPECT_LE(report["measured"].get<double>(), report["interval"].get<double>() * 1.01);
  }
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
}

TEST_F(VerifySystem, TellsHowLongAFrameTakes) {
  const CommandResult result = verify();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("from memory to memory (64 bits wide); the accelerator alone"));
}

TEST_F(VerifySystem, RefusesWhatItCannotSimulate) {
  EXPECT_THAT(verify({"--memory-bits", "96"}).err, HasSubstr("96"));
  EXPECT_THAT(verify({"--as-is"}).err, HasSubstr("belong to --level rtl-node or rtl-top"));
  EXPECT_THAT(run_assay({"verify", out_.string(), "--level", "rtl-top", "--memory-bits", "64"}).err,
              HasSubstr("--memory-bits belongs to --level system"));
  // RTL that is not what was verified.
  const fs::path top = out_ / "rtl/top/accelerator.sv";
  write_file(top, read_file(top) + "// edited\n");
  const CommandResult edited = verify();
  EXPECT_EQ(edited.code, 2);
  EXPECT_THAT(edited.err, HasSubstr("accelerator.sv"));
}

class DriverOnSystem : public VerifySystem {
 protected:
  void SetUp() override {
    if (python().empty()) GTEST_SKIP() << "needs NumPy: apt-get install python3-numpy";
  }

  /// What the script says in front of this run's accelerator.
  std::string run(const std::string& script, const std::vector<std::string>& arguments,
                  const std::function<void(const fs::path&)>& spoil = {}) {
    const RtlSession session(out_, {}, {});
    SimulatedSystem system(session, {.memory_bits = 128, .content_hash = ""}, 1);
    const fs::path package = dir_.path() / "driver";
    fs::create_directories(package);
    std::ostringstream nowhere;
    const Console console{nowhere, nowhere, false, true};
    for (const NodeRtl::File& file :
         driver_package(session, {system.movers(), {0x43c00000, 0x43c10000}}, console))
      write_file(package / file.name, file.text);
    if (spoil) spoil(package);
    system.host().pace({.profile = sim::Profile::kBursts, .latency = 20});
    const std::string output = DriverRun(system, package, script, arguments).output();
    EXPECT_TRUE(system.host().violations().empty());
    return output;
  }
};

TEST_F(DriverOnSystem, ItsResultsAreGoldens) {
  EXPECT_EQ(run("validate.py", {"--batch-size", "4"}), "EQUIVALENT: 6 images compared, 0 differ\n");
}

TEST_F(DriverOnSystem, AWrongResultIsSeen) {
  const std::string output = run("validate.py", {}, [](const fs::path& package) {
    std::string golden = read_file(package / "golden_0.npy");
    golden[golden.size() - 3] ^= 1;  // of the fourth of six images
    write_file(package / "golden_0.npy", golden);
  });
  EXPECT_THAT(output, HasSubstr("image 3: golden [["));
  EXPECT_THAT(output, HasSubstr("DIFFERENT: 6 images compared, 1 differ\n"));
}

TEST_F(DriverOnSystem, ADriverOfOtherRtlIsRefused) {
  const std::string output = run("validate.py", {}, [](const fs::path& package) {
    std::string json = read_file(package / "accelerator.json");
    const std::size_t at = json.find("content_hash\": \"") + 16;
    json[at] = json[at] == '0' ? '1' : '0';
    write_file(package / "accelerator.json", json);
  });
  EXPECT_THAT(output, HasSubstr("was built from other RTL"));
}

}  // namespace
}  // namespace assay
