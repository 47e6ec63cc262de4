// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <sstream>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "golden/data/npy.h"
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

/// What is built beside a project for Vivado, in front of this run's accelerator.
class HostOnSystem : public VerifySystem {
 protected:
  using Spoil = std::function<void(const fs::path&)>;

  /// What the command says that `begin` makes of the folder with both packages.
  std::string drive(const std::function<std::vector<std::string>(const fs::path&)>& begin,
                    const Spoil& spoil) {
    return drive_packages(out_, dir_.path() / "packages", begin, spoil);
  }
};

// ---- The driver for PYNQ in front of it

class DriverOnSystem : public HostOnSystem {
 protected:
  void SetUp() override {
    if (python().empty()) GTEST_SKIP() << "needs NumPy: apt-get install python3-numpy";
  }

  /// What the script says.
  std::string run(const std::string& script, const std::vector<std::string>& arguments,
                  const Spoil& spoil = {}) {
    return drive(
        [&](const fs::path& folder) { return pynq_command(folder / "driver", script, arguments); },
        [&](const fs::path& folder) {
          if (spoil) spoil(folder / "driver");
        });
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

// ---- The hosts in C and C++ in front of it

/// The example, unchanged: main.cpp over assay_host.hpp over assay_host.c.
class ExampleOnSystem : public HostOnSystem {
 protected:
  std::string run(const std::string& batch, const Spoil& spoil = {},
                  const std::vector<std::string>& board = {"BOARD=" ASSAY_SOURCE_DIR
                                                           "/tests/host/socket_board.cpp"}) {
    return drive(
        [&](const fs::path& folder) -> std::vector<std::string> {
          const ProcessResult made = make_host(folder / "host", board);
          EXPECT_TRUE(made.ok()) << made.output;
          if (!made.ok()) return {};
          return {(folder / "host/validate").string(), (folder / "driver").string(), batch};
        },
        spoil);
  }

  /// What the example says again, of other files than it was run on; no board is asked for.
  ProcessResult again() const {
    const fs::path folder = dir_.path() / "packages";
    return run_process({(folder / "host/validate").string(), (folder / "driver").string()},
                       folder / "host", std::chrono::seconds(60));
  }
};

TEST_F(ExampleOnSystem, ItsResultsAreGoldens) {
  const std::string output = run("4");
  EXPECT_THAT(output, HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  EXPECT_THAT(output, ::testing::ContainsRegex("of RTL [0-9a-f]{12}\\.\\.\\. is what runs"));
  EXPECT_THAT(output, ::testing::ContainsRegex("idma0: [0-9]+ cycles for the last batch"));
  const fs::path driver = dir_.path() / "packages/driver";
  const NpyArray result = read_npy(driver / "result_0.npy"),
                 golden = read_npy(driver / "golden_0.npy");
  EXPECT_EQ(result.shape, golden.shape);
  EXPECT_EQ(as_int64(result, "result"), as_int64(golden, "golden"));
}

TEST_F(ExampleOnSystem, RefusesArraysThatAreNotTheStreams) {
  run("6");
  const fs::path input = dir_.path() / "packages/driver/input_0.npy";
  const std::string good = read_file(input);
  const std::vector<float> reals(48, 0.5F);
  write_file(input, encode_npy(make_npy<float>({6, 8}, std::span<const float>(reals))));
  EXPECT_EQ(again().exit_code, 2);
  EXPECT_THAT(again().output, HasSubstr("input_0.npy: its type is not <i8, <i4, |i1 or |u1"));
  write_file(input, good.substr(0, good.size() - 1));
  EXPECT_THAT(again().output, HasSubstr("its size is not that of its shape"));
  const std::vector<std::uint8_t> few(18, 1);
  write_file(input, encode_npy(make_npy<std::uint8_t>({6, 3}, std::span<const std::uint8_t>(few))));
  EXPECT_THAT(again().output, HasSubstr("is no array of the frames of"));
  fs::remove(input);
  EXPECT_THAT(again().output, HasSubstr("it is not there"));
}

TEST_F(ExampleOnSystem, RunsBehindXrtToo) {
  const std::vector<std::string> card = {
      "BOARD=board_xrt.cpp", "XRT=" ASSAY_SOURCE_DIR "/tests/host/stub_xrt", "LIBRARIES="};
  EXPECT_THAT(run("4", {}, card), HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
}

TEST_F(ExampleOnSystem, AWrongResultIsSeen) {
  const std::string output = run("4", [](const fs::path& folder) {
    std::string golden = read_file(folder / "driver/golden_0.npy");
    golden[golden.size() - 3] ^= 1;  // of the fourth of six images
    write_file(folder / "driver/golden_0.npy", golden);
  });
  EXPECT_THAT(output, HasSubstr("image 3 differs from golden\n"));
  EXPECT_THAT(output, HasSubstr("DIFFERENT: 6 images compared, 1 differ\n"));
}

TEST_F(ExampleOnSystem, AHostOfOtherRtlIsRefused) {
  const std::string output = run("4", [&](const fs::path& folder) {
    std::string text = read_file(folder / "host/accelerator.h");
    const std::string hash =
        Json::parse(read_file(folder / "driver/accelerator.json"))["content_hash"];
    text.replace(text.find(hash), 1, hash[0] == '0' ? "1" : "0");
    write_file(folder / "host/accelerator.h", text);
  });
  EXPECT_THAT(
      output,
      HasSubstr("ASSAY_ERROR_HASH: idma0: the bitstream that is loaded was built from other RTL"));
}

TEST_F(ExampleOnSystem, CompilesForABoard) {
  drive(
      [](const fs::path& folder) -> std::vector<std::string> {
        const ProcessResult made = make_host(folder / "host", {});
        EXPECT_TRUE(made.ok()) << made.output;
        const ProcessResult ran = run_process({(folder / "host/validate").string()},
                                              folder / "host", std::chrono::seconds(60));
        EXPECT_EQ(ran.exit_code, 2);
        EXPECT_THAT(ran.output, HasSubstr("cannot "));  // neither /dev/mem nor u-dma-buf
        return {};
      },
      {});
}

}  // namespace
}  // namespace assay
