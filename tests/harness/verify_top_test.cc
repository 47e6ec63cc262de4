// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/page/page_data.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder with a finished run of a small residual network.
class VerifyTop : public ::testing::Test {
 protected:
  CommandResult run(std::vector<std::string> more = {}, const std::string& cycles = "512") const {
    std::vector<std::string> arguments = {
        "run", model.string(), "--images", "6", "--target-cycles", cycles, "--out", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult verify(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify",  out.string(), "--level",
                                          "rtl-top", "--cache",    cache().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// Models stay between test runs, beside the test program.
  static fs::path cache() { return fs::read_symlink("/proc/self/exe").parent_path() / "models"; }
  std::string report() const { return read_file(out / "reports" / "rtl-top.json"); }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(VerifyTop, EveryStreamEqualsGoldenInTheModelsCycles) {
  const CommandResult built = run();
  ASSERT_EQ(built.code, 0) << built.err << built.out;
  const CommandResult result =
      verify({"--json", "--images", "4", "--profiles", "all", "--clock", "200"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = result.json();
  EXPECT_EQ(json.at("verdict"), "EQUIVALENT");
  EXPECT_EQ(json.at("images"), 4);
  EXPECT_GT(json.at("predicted"), 0);
  EXPECT_EQ(json.at("predicted"), json.at("compared"));
  ASSERT_EQ(json.at("partitions").size(), 1U);
  const Json& top = json.at("partitions").at(0);
  EXPECT_EQ(top.at("interval"), top.at("bottleneck").at("cycles"));
  EXPECT_EQ(top.at("steady"), true);
  EXPECT_EQ(top.at("steady_interval"), top.at("interval"));
  EXPECT_DOUBLE_EQ(top.at("frames_per_second"), 200e6 / top.at("interval").get<double>());
  EXPECT_GT(top.at("canaries").at("planted"), 6 * top.at("streams").size());
  EXPECT_EQ(top.at("canaries").at("caught"), top.at("canaries").at("planted"));
  EXPECT_EQ(top.at("runs").size(), 6U);
  EXPECT_EQ(top.at("token_model").at("compared"), top.at("streams").size());
  EXPECT_EQ(top.at("token_model").at("differing"), 0);
  EXPECT_GT(top.at("streams").size(), 8U);
  for (const Json& stream : top.at("streams")) {
    EXPECT_EQ(stream.at("compared"), 4 * stream.at("beats").get<std::int64_t>());
    EXPECT_EQ(stream.at("differing"), 0);
  }
  for (const Json& fifo : top.at("fifos")) EXPECT_LE(fifo.at("high_water"), fifo.at("depth"));
  EXPECT_TRUE(fs::exists(out / "rtl" / "top" / "accelerator.sv"));

  EXPECT_EQ(page_data(out)["verdict"], "EQUIVALENT");

  // Again: nothing is simulated, and the report is the same to the byte.
  const std::string before = report();
  const CommandResult again = verify({"--images", "4", "--profiles", "all", "--clock", "200"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("6 of 6 runs kept"));
  EXPECT_EQ(report(), before);

  // The page's first word is about the RTL, too.
  Json different = Json::parse(before);
  different["verdict"] = "DIFFERENT";
  write_file(out / "reports" / "rtl-top.json", json_text(different));
  EXPECT_EQ(page_data(out)["verdict"], "DIFFERENT");
  EXPECT_THAT(page_data(out)["reason"].get<std::string>(), HasSubstr("level rtl-top is DIFFERENT"));
}

TEST_F(VerifyTop, IsWhereARunEnds) {
  const CommandResult result = run_assay_as_is(
      {"run", model.string(), "--images", "4", "--target-cycles", "512", "--out", out.string()});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("16_fifos"));
  EXPECT_THAT(result.out, HasSubstr("accelerator"));
  const Json top = Json::parse(report());
  EXPECT_EQ(top.at("verdict"), "EQUIVALENT");
  EXPECT_EQ(top.at("images"), 4);
  const CommandResult json =
      run_assay_as_is({"run", model.string(), "--images", "4", "--json", "--target-cycles", "512",
                       "--clock", "250", "--out", out.string()});
  EXPECT_EQ(json.json().at("verdict"), "EQUIVALENT");
  EXPECT_EQ(json.json().at("rtl_top"), Json::parse(report()));
  EXPECT_EQ(json.json().at("rtl_top").at("partitions")[0].at("clock_mhz"), 250);
  ASSERT_EQ(run().code, 0);  // --until fifos
  EXPECT_FALSE(fs::exists(out / "reports/rtl-top.json"));
}

TEST_F(VerifyTop, WritesAWaveformThatReadsLikeTheGraph) {
  ASSERT_EQ(run().code, 0);
  const fs::path wave = dir.path() / "top.vcd";
  const CommandResult result =
      verify({"--images", "1", "--profiles", "always", "--wave", wave.string()});
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  const std::string text = read_file(wave);
  EXPECT_THAT(text, HasSubstr("$scope module u_"));
  EXPECT_THAT(text, HasSubstr("s_axis_tvalid"));
}

TEST_F(VerifyTop, RefusesWhatItCannotVerify) {
  const auto refuses = [&](const std::vector<std::string>& more, const std::string& message) {
    const CommandResult result = verify(more);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refuses({}, "holds no finished run");
  ASSERT_EQ(run({"--until", "widths"}).code, 0);
  refuses({}, "has no hardware layers");
  ASSERT_EQ(run({"--until", "fold"}, "256").code, 0);  // where lanes differ
  refuses({}, "StreamingDataWidthConverter");
  EXPECT_FALSE(fs::exists(out / "reports" / "rtl-top.json"));
  ASSERT_EQ(run().code, 0);
  refuses({"--nodes", "x"}, "--nodes chooses nodes at --level rtl-node");
  refuses({"--clock", "0"}, "--clock: 0 is no frequency");
  refuses({"--wave", "x.vcd"}, "--wave shows one profile");
}

}  // namespace
}  // namespace assay
