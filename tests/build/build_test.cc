// SPDX-License-Identifier: Apache-2.0
#include "harness/build/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "build/environment.h"
#include "compile/backend/fpga/parts.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/hw/resource_model.h"
#include "harness/build/build_report.h"
#include "harness/build/build_source.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"
#include "support/kept_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kReport = "reports/build-ice40-hx8k.json";

/// A finished run of a small network with its bitstream, built once; tests work on copies.
class BuildCommand : public ::testing::Test {
 protected:
  static void make(const fs::path& folder) {
    const fs::path model = save_tiny(folder / "tiny.onnx"), done = folder / "out";
    succeed(
        {"run", model.string(), "--images", "3", "--target-cycles", "64", "--out", done.string()});
    fs::copy(done, folder / "stages", fs::copy_options::recursive);
    succeed({"verify", done.string(), "--level", "rtl-top", "--profiles", "always", "--cache",
             cache().string()});
    succeed({"build", done.string(), "--target", "ice40-hx8k"});
  }
  void SetUp() override {
    if (!has_tools())
      GTEST_SKIP() << "needs yosys, nextpnr-ice40 and fpga-icestorm; install these packages";
    testing::fill_from_kept(dir.path(), "tiny", make);
  }
  static void succeed(const std::vector<std::string>& command) {
    const CommandResult result = run_assay(command);
    if (result.code != 0) throw std::runtime_error(command[0] + ": " + result.err + result.out);
  }

  static bool has_tools() {
    return fpga::has_tool("yosys") && fpga::has_tool("nextpnr-ice40") && fpga::has_tool("icepack");
  }
  /// Models stay between test runs, beside the test program.
  static fs::path cache() { return fs::read_symlink("/proc/self/exe").parent_path() / "models"; }

  CommandResult build(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"build", out.string(), "--target", "ice40-hx8k"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  std::string text(const std::string& file) const { return read_file(out / file); }
  CommandResult check() const { return run_assay({"show", out.string(), "--check"}); }

  TempDir dir;
  fs::path out = dir.path() / "out";
};

TEST_F(BuildCommand, IsOnlyDoneOfRtlThatWasSimulated) {
  const CommandResult result =
      run_assay({"build", (dir.path() / "stages").string(), "--target", "ice40-hx8k"});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--level rtl-top"));
}

TEST_F(BuildCommand, CountsEveryCellOnceAndKeepsWhatItDid) {
  const std::string before = text(kReport);
  const CommandResult result = build({"--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(text(kReport), before);
  const Json json = result.json();
  EXPECT_GT(json.at("fmax_mhz").get<double>(), 1);
  EXPECT_GT(json.at("frames_per_second").get<double>(), 1);
  EXPECT_EQ(json.at("steps").size(), 3U);
  for (const Json& step : json.at("steps"))
    for (const Json& file : step.at("files"))
      EXPECT_EQ(sha256(text(file.at("file"))), file.at("sha256")) << file;
  for (const char* kind : {"lut", "ff", "carry", "bram", "dsp"}) {
    std::int64_t sum = json.at("between").at(kind);
    for (const Json& layer : json.at("layers"))
      sum += layer.at("cells").at(kind).get<std::int64_t>();
    EXPECT_EQ(sum, json.at("total").at(kind)) << kind;
  }
  EXPECT_GT(json.at("total").at("lut"), 100);
  std::int64_t placed = 0;
  for (const Json& layer : json.at("layers")) placed += layer.at("placed").get<std::int64_t>();
  EXPECT_GT(placed, 100);
  const CommandResult second = build();
  EXPECT_THAT(second.err, HasSubstr("netlist: kept"));
  EXPECT_THAT(second.err, HasSubstr("bitstream: kept"));
  EXPECT_EQ(check().code, 0) << check().out;
}

TEST_F(BuildCommand, NoticesEditedResultsAndMakesTheSameBytesAgain) {
  const std::string report = text(kReport), netlist = text("build/ice40-hx8k/netlist.json");
  std::ofstream(out / "build/ice40-hx8k/netlist.json", std::ios::app) << " ";
  std::ofstream(out / "build/ice40-hx8k/bitstream.bin", std::ios::app) << " ";
  EXPECT_EQ(check().code, 1);
  const CommandResult result = build();
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("netlist.json' is not what it was"));
  EXPECT_THAT(result.err, HasSubstr("bitstream.bin' is not what it was"));
  EXPECT_EQ(text("build/ice40-hx8k/netlist.json"), netlist);
  EXPECT_EQ(text(kReport), report);
  EXPECT_EQ(check().code, 0) << check().out;
}

TEST_F(BuildCommand, RefusesEditedRtl) {
  std::ofstream(out / "rtl/top/accelerator.sv", std::ios::app) << "\n";
  const CommandResult result = build();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("accelerator.sv"));
}

TEST_F(BuildCommand, SaysThatAPartIsTooSmall) {
  fake_program(dir, "bin/nextpnr-ice40",
               "test \"$1\" = --version && echo fake 1 && exit 0\n"
               "echo \"Info: Device utilisation:\" > nextpnr.log\n"
               "echo \"Info: \t ICESTORM_RAM: 34/ 32 106%\" >> nextpnr.log\n"
               "echo \"ERROR: Unable to place cell 'm', no BELs remaining to implement cell type "
               "'ICESTORM_RAM'\" >> nextpnr.log\ncat nextpnr.log\nexit 1\n");
  const Environment path("PATH", (dir.path() / "bin").string() + ":" + ::getenv("PATH"));
  const CommandResult result = build();
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_THAT(result.err, HasSubstr("does not fit"));
  EXPECT_THAT(result.err, HasSubstr("34 of 32 ICESTORM_RAM"));
  EXPECT_FALSE(fs::exists(out / kReport));
}

TEST_F(BuildCommand, RefusesWhatItWasNotMeantFor) {
  EXPECT_EQ(run_assay({"build", out.string(), "--target", "ice41"}).code, 2);
  EXPECT_EQ(build({"--clock", "-3"}).code, 2);
  EXPECT_EQ(build({"--seeds", "0"}).code, 2);
  for (const char* option : {"--clock", "--seeds"})
    EXPECT_EQ(run_assay({"build", out.string(), "--target", "xc7z020", option, "20"}).code, 2);
  EXPECT_EQ(run_assay({"build", dir.path().string(), "--target", "ice40-hx8k"}).code, 2);
}

/// A netlist of the accelerator with a RAM as Yosys 0.23 makes it.
constexpr const char* kWrongNetlist = R"({"modules": {"accelerator": {"cells": {
  "m": {"type": "RAMB36E1", "port_directions": {"DOPBDOP": "output"}, "connections": {
    "DIADI": [2], "DIBDI": [3], "DIPADIP": [4], "DIPBDIP": [4], "DOPBDOP": [5]}},
  "t": {"type": "LUT1", "port_directions": {"I0": "input"}, "connections": {"I0": [5]}}},
  "netnames": {}}}})";

TEST_F(BuildCommand, AnotherYosysIsTakenWhereOneIsAtFault) {
  const fs::path wrong = dir.write("wrong.json", kWrongNetlist), bin = dir.path() / "bin";
  // At fault in its own layers alone.
  fake_program(dir, "bin/yosys",
               "test \"$1\" = --version && echo Yosys 0.0 && exit 0\n"
               "if test \"$4\" = link.ys; then\n"
               "  /bin/grep -q autoidx ./*.box.il && exec '" +
                   fpga::find_tool("yosys").program.string() +
                   "' \"$@\"\n"
                   "  exec /bin/cp '" +
                   wrong.string() +
                   "' netlist.json\nfi\n"
                   "module=$(/bin/sed -n 's/^  \\(assay_[a-z_]*\\) #.*/\\1/p' \"$4\")\n"
                   "for file in $(/bin/sed -n 's/^write_rtlil -selected //p' \"$4\"); do\n"
                   "  printf '\\nmodule \\\\%s\\nend\\n' \"$module\" > \"$file\"\ndone\n");
  const std::vector<std::string> command = {"build", out.string(), "--target", "xc7z020"};
  {
    const Environment path("PATH", bin.string()), tools("ASSAY_FPGA_TOOLS", "/nowhere"),
        data("XDG_DATA_HOME", "/nowhere");
    const CommandResult result = run_assay(command);
    EXPECT_EQ(result.code, 4) << result.err;
    EXPECT_THAT(result.err,
                HasSubstr("Yosys 0.0 makes a wrong netlist of this design (RAMB36E1 'm'"));
    EXPECT_THAT(result.err, HasSubstr("fpga-tools.sh"));
    EXPECT_FALSE(fs::exists(out / "reports/build-xc7z020.json"));
  }
  const Environment path("PATH", bin.string() + ":" + ::getenv("PATH"));
  const CommandResult result = run_assay(command);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("netlist: not taken, as Yosys 0.0 is at fault"));
  EXPECT_THAT(run_assay(command).err, HasSubstr("netlist: kept"));
}

TEST_F(BuildCommand, AYosysThatLeavesNothingIsAFailure) {
  fake_program(dir, "bin/yosys", "test \"$1\" = --version && echo Yosys 0.0\nexit 0\n");
  const Environment path("PATH", (dir.path() / "bin").string() + ":" + ::getenv("PATH"));
  const CommandResult result = build();
  EXPECT_EQ(result.code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("left no whole 'u_"));
  EXPECT_FALSE(fs::exists(out / kReport));
}

report::Build crowded() {
  report::Build report;
  report.target.name = "ice40-hx8k";
  report.target.has = {7680, 7680, 32, 0};
  report.total = {7000, 7000, 10, 40, 0};
  report.layers = {{"conv_1", "u_conv_1", "MVAU", {100, 100, 0, 6, 0}, {}, 0, {}},
                   {"conv_2", "u_conv_2", "MVAU", {100, 100, 0, 34, 0}, {}, 0, {}}};
  return report;
}

TEST(RequireFit, NamesWhatIsShortAndWhichLayersWeigh) {
  try {
    require_fit(crowded(), *fpga::find_target("ice40-hx8k").part);
    ADD_FAILURE() << "it fits";
  } catch (const DoesNotFitError& error) {
    EXPECT_THAT(error.what(), HasSubstr("40 block RAMs of 32 (8 too many"));
    EXPECT_THAT(error.what(), HasSubstr("'conv_2' 34, 'conv_1' 6"));
    EXPECT_THAT(error.what(), Not(HasSubstr("LUTs")));
    EXPECT_DOUBLE_EQ(error.times, 1.25);
  }
}

/// A layer whose folding put so many products into DSP blocks.
StitchedNode with_dsp_products(std::int64_t count) {
  StitchedNode node;
  node.layer.parameters = {{"Count", count}};
  node.layer.estimate = [](hw::ResourceModel& model, const hw::ModuleParameters& p) {
    model.multipliers(p("Count"), 8, 8, true);
  };
  return node;
}

TEST(LayersInDsp, AreThoseThatTheFoldingPutThereWhereThePartHasTheBlocks) {
  const auto layers = [](const char* target, std::vector<std::int64_t> products) {
    std::vector<StitchedNode> nodes;
    for (const std::int64_t count : products) nodes.push_back(with_dsp_products(count));
    return layers_in_dsp(nodes, *fpga::find_target(target).part);
  };
  using Are = std::vector<bool>;
  EXPECT_EQ(layers("xc7z020", {0, 120, 100}), (Are{false, true, true}));
  EXPECT_EQ(layers("xc7z020", {0, 121, 100}), (Are{false, false, false}));  // of 220
  EXPECT_EQ(layers("ecp5-25", {28, 0}), (Are{true, false}));
  EXPECT_EQ(layers("ecp5-25", {28, 1}), (Are{false, false}));
  EXPECT_EQ(layers("ice40-up5k", {1}), (Are{false}));
  EXPECT_EQ(layers("ice40-hx8k", {1}), (Are{false}));
}

TEST(RequireFit, AllowsAFullPart) {
  report::Build report = crowded();
  report.total = {7680, 7680, 10, 32, 0};
  EXPECT_NO_THROW(require_fit(report, *fpga::find_target("ice40-hx8k").part));
  report.total.lut = 7681;
  EXPECT_THROW(require_fit(report, *fpga::find_target("ice40-hx8k").part), DoesNotFitError);
}

}  // namespace
}  // namespace assay
