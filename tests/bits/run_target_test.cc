// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "base/temp_dir.h"
#include "bits/ice40_tools.h"
#include "build/environment.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"
#include "harness/selftest/selftest.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// `assay run --target`, from a model to the bits of an HX8K.
class RunTarget : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_ice40_tools()) GTEST_SKIP() << "needs yosys, nextpnr-ice40 and fpga-icestorm";
  }

  CommandResult run(const std::vector<std::string>& target = {"--target", "ice40-hx8k"}) const {
    std::vector<std::string> arguments = {
        "run", model_.string(), "--images", "3", "--target-cycles", "64", "--out", out_.string()};
    arguments.insert(arguments.end(), target.begin(), target.end());
    return run_assay_as_is(arguments);
  }

  Json levels() const { return Json::parse(read_file(out_ / kRunReport)).at("levels"); }

  /// A synthesiser that has every table's last row wrong.
  void break_yosys() const {
    fake_program(
        dir_, "bin/yosys",
        fmt::format("'{0}' \"$@\" || exit 1\n"
                    "test -f netlist.json && sed -i -e 's/\"LUT_INIT\": \"0/\"LUT_INIT\": \"x/' -e "
                    "'s/\"LUT_INIT\": \"1/\"LUT_INIT\": \"0/' -e "
                    "'s/\"LUT_INIT\": \"x/\"LUT_INIT\": \"1/' netlist.json\nexit 0\n",
                    fpga::find_tool("yosys").program.string()));
  }

  TempDir dir_;
  fs::path model_ = save_tiny(dir_.path() / "tiny.onnx"), out_ = dir_.path() / "out";
};

TEST_F(RunTarget, GoesFromTheModelToProvedBits) {
  const CommandResult result = run();
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("\nnetlist of ice40-hx8k: EQUIVALENT: "));
  EXPECT_THAT(
      result.out,
      HasSubstr(
          "; PROVED equal to build/ice40-hx8k/netlist.json\nEQUIVALENT: from the model to the "
          "bitstream of ice40-hx8k\n"));
  const Json first = levels();
  ASSERT_EQ(first.size(), 3U);
  for (const Json& level : first) EXPECT_EQ(level.at("verdict"), "EQUIVALENT") << level;
  EXPECT_EQ(first[0].at("target"), nullptr);
  EXPECT_EQ(first[2].at("level"), "bitstream");
  EXPECT_EQ(first[2].at("target"), "ice40-hx8k");
  EXPECT_EQ(run_assay_as_is({"show", out_.string(), "--check"}).code, 0);

  // What was built is no part of a campaign.
  SelftestOptions options;
  options.dir = out_;
  options.faults = 4;
  options.command = command_of(ASSAY_BINARY);
  const SelftestResult campaign = selftest(options, Console{std::cout, std::cerr, false, false});
  EXPECT_EQ(campaign.verdict, Verdict::kEquivalent) << campaign.table;
  EXPECT_EQ(campaign.report.counts.planted, 4);
  EXPECT_EQ(levels(), first) << "the run itself is only read";

  // Again: all is kept, how long it took as well, and verified once more.
  const CommandResult again = run();
  ASSERT_EQ(again.code, 0) << again.err;
  for (const char* step : {"netlist", "routed", "bitstream"})
    EXPECT_THAT(again.err, HasSubstr(fmt::format("\n{}: kept\n", step)));
  EXPECT_EQ(levels(), first);
  const Json timing = Json::parse(read_file(out_ / "build/ice40-hx8k/timing.json"));
  EXPECT_EQ(timing.at("stages").size(), 3U);
  EXPECT_GT(timing.at("stages")[0].at("seconds"), 0.0);
  EXPECT_EQ(timing.at("steps").size(), 2U);

  // Which levels there are, and which files, follows; also for somebody who knows how checksums are made.
  const std::string whole = read_file(out_ / kRunReport),
                    bits = "reports/bitstream-ice40-hx8k.json";
  const auto edited_levels = [&](const std::function<void(Json & levels)>& edit) {
    write_file(out_ / kRunReport, whole);
    forge_report(out_ / kRunReport, [&](Json& run) { edit(run["levels"]); });
    return run_assay_as_is({"show", out_.string(), "--check"}).out;
  };
  const std::string why = "reports/run.json: its levels are not those of a run";
  EXPECT_THAT(edited_levels([](Json& levels) { levels = Json::array(); }), HasSubstr(why));
  EXPECT_THAT(edited_levels([](Json& levels) { levels.push_back(levels.back()); }), HasSubstr(why));
  EXPECT_THAT(edited_levels([](Json& levels) { levels.erase(0); }), HasSubstr(why));
  EXPECT_THAT(edited_levels([](Json& levels) { levels.erase(2); }),
              HasSubstr("it lists no level for the bitstream that was made"));
  EXPECT_THAT(edited_levels([](Json& levels) { levels[2]["reason"] = "PROVED by me"; }),
              HasSubstr(bits + ": does not say what the run says of it"));
  write_file(out_ / kRunReport, whole);
  forge_report(out_ / kRunReport,
               [](Json& run) { run["files"].erase("build/ice40-hx8k/bitstream.bin"); });
  EXPECT_THAT(run_assay_as_is({"show", out_.string(), "--check"}).out,
              HasSubstr("build/ice40-hx8k/bitstream.bin: belongs to the run"));
  write_file(out_ / kRunReport, whole);

  // Bits that are verified no longer leave a run without a verdict, and so does a report of them that
  // is not what the run knows.
  edit_report(out_ / bits, [](Json& report) { report["verdict"] = "DIFFERENT"; });
  EXPECT_EQ(run_assay_as_is({"show", out_.string(), "--check"}).code, 1);
  fs::remove(out_ / bits);
  register_files(RunDir(out_), {bits});
  EXPECT_EQ(levels()[2].at("verdict"), "INCONCLUSIVE");
  EXPECT_THAT(
      run_assay_as_is({"show", out_.string()}).out,
      ::testing::StartsWith("INCONCLUSIVE: the stages agree, but level bitstream of ice40-hx8k"));
  // Somebody who knows how checksums are made.
  forge_report(out_ / kRunReport, [](Json& run) {
    run["levels"][2]["verdict"] = "EQUIVALENT";
    run["verdict"] = "EQUIVALENT";
    run["reason"] = run["stages"].back()["reason"];
  });
  EXPECT_THAT(run_assay_as_is({"show", out_.string(), "--check"}).out,
              HasSubstr(bits + ": belongs to the run, which has no hash of it"));
}

TEST_F(RunTarget, StopsAtANetlistThatIsWrong) {
  break_yosys();
  const Environment path("PATH", (dir_.path() / "bin").string() + ":" + ::getenv("PATH"));
  const CommandResult result = run();
  EXPECT_EQ(result.code, 1) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("\nnetlist of ice40-hx8k: DIFFERENT: "));
  EXPECT_THAT(result.out, HasSubstr("bitstream of ice40-hx8k: INCONCLUSIVE: the level before it"));
  EXPECT_THAT(result.err, Not(HasSubstr("routed")));
  EXPECT_FALSE(fs::exists(out_ / "build/ice40-hx8k/bitstream.bin"));
  EXPECT_EQ(Json::parse(read_file(out_ / kRunReport)).at("verdict"), "DIFFERENT");
}

TEST_F(RunTarget, TakesTheRateOfABoardsLine) {
  const auto refuses = [&](const std::vector<std::string>& target, const std::string& message) {
    const CommandResult result = run(target);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(out_));
  };
  refuses({"--baud", "3000000"}, "--baud is the rate of a --target's serial line");
  refuses({"--baud", "3000000", "--target", "ice40-up5k"}, "'ice40-up5k' is a part");

  const CommandResult result = run({"--baud", "3000000", "--target", "icebreaker"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("from the model to the bitstream of icebreaker\n"));
  EXPECT_THAT(result.out, HasSubstr(" at the board's 12 MHz, "));
  EXPECT_EQ(Json::parse(read_file(out_ / "reports/build-icebreaker.json")).at("baud"), 3000000);
}

TEST_F(RunTarget, AMissingToolIsSaidBeforeAnythingIsDone) {
  const Environment path("PATH", "/nowhere"), tools("ASSAY_FPGA_TOOLS", "/nowhere"),
      home("XDG_DATA_HOME", "/nowhere");
  const CommandResult result = run();
  EXPECT_EQ(result.code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("fpga-tools.sh"));
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace
}  // namespace assay
