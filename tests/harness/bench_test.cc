// SPDX-License-Identifier: Apache-2.0
// Folding goals, the folding file of a run, and what assay bench says of it.
#include "harness/query/bench.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Folding : public ::testing::Test {
 protected:
  CommandResult run(const std::vector<std::string>& more, const fs::path& to) const {
    std::vector<std::string> arguments = {"run", model.string(), "--images",
                                          "2",   "--out",        to.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult bench(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"bench", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  static Json report(const fs::path& run) {
    const Json json = parse_json(read_file(run / "reports" / "folding.json"), "folding.json");
    EXPECT_EQ(schema_violations(json), std::vector<std::string>{});
    return json;
  }
  /// The files of the stages whose name ends so.
  static std::string stage(const fs::path& run, const std::string& name) {
    for (const auto& entry : fs::directory_iterator(run / "stages"))
      if (entry.path().stem().string().ends_with(name)) return read_file(entry.path());
    ADD_FAILURE() << "no stage " << name;
    return {};
  }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out", other = dir.path() / "other";
};

TEST_F(Folding, FileOfARunMakesTheSameAccelerator) {
  const CommandResult first = run({"--target-cycles", "512"}, out);
  ASSERT_EQ(first.code, 0) << first.err;
  const fs::path file = dir.path() / "kept.json";
  fs::copy_file(out / "folding.json", file);
  const CommandResult again = run({"--folding", file.string()}, other);  // another target
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(stage(out, "_fifos"), stage(other, "_fifos"));
  EXPECT_EQ(read_file(out / "folding.json"), read_file(other / "folding.json"));
  EXPECT_EQ(read_file(out / "reports" / "fifos.json"), read_file(other / "reports" / "fifos.json"));
  EXPECT_EQ(report(out).at("nodes").size(), report(other).at("nodes").size());

  // The file holds for every layer what can be chosen; a change of one shows.
  Json json = parse_json(read_file(file), "kept.json");
  EXPECT_GT(json.size(), 5U);
  for (const auto& [node, fields] : json.items()) {
    EXPECT_TRUE(fields.contains("inFIFODepths")) << node;
    EXPECT_TRUE(fields.contains("ram_style")) << node;
    if (fields.contains("mem_mode")) json[node]["SIMD"] = 1;
  }
  write_file(file, json_text(json));
  ASSERT_EQ(run({"--folding", file.string()}, other).code, 0);
  EXPECT_NE(stage(out, "_fifos"), stage(other, "_fifos"));
}

TEST_F(Folding, FileIsGoneWithTheStage) {
  const CommandResult first = run({"--target-cycles", "512"}, out);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(fs::exists(out / "folding.json"));
  ASSERT_EQ(run({"--until", "widths"}, out).code, 0);
  EXPECT_FALSE(fs::exists(out / "folding.json"));
  EXPECT_FALSE(fs::exists(out / "reports" / "folding.json"));
}

TEST_F(Folding, ReportAddsUp) {
  const CommandResult first = run({"--target-cycles", "512"}, out);
  ASSERT_EQ(first.code, 0) << first.err;
  const Json json = report(out);
  EXPECT_EQ(json.at("goal").at("target_cycles"), 512);
  std::int64_t slowest = 0, macs = 0, multipliers = 0, lut = 0;
  for (const Json& node : json.at("nodes")) {
    const auto cycles = node.at("cycles").get<std::int64_t>();
    EXPECT_EQ(node.at("reached"), cycles <= 512) << node.at("node");
    slowest = std::max(slowest, cycles);
    macs += node.at("macs").get<std::int64_t>();
    multipliers += node.at("multipliers").get<std::int64_t>();
    lut += node.at("estimates").at("lut").get<std::int64_t>();
  }
  EXPECT_EQ(json.at("interval"), slowest);
  EXPECT_EQ(json.at("macs"), macs);
  EXPECT_EQ(json.at("multipliers"), multipliers);
  EXPECT_EQ(json.at("estimates").at("lut"), lut);
  EXPECT_GT(macs, 0);
  EXPECT_DOUBLE_EQ(json.at("efficiency").get<double>(),
                   static_cast<double>(macs) / static_cast<double>(slowest * multipliers));
}

TEST_F(Folding, BenchRepeatsTheWarningsOfTheRun) {
  ASSERT_EQ(run({"--target-cycles", "512"}, out).code, 0);
  EXPECT_EQ(bench({"--json"}).json().at("warnings"), Json::array());
  EXPECT_THAT(bench().out, ::testing::Not(HasSubstr("WARNING")));
  ASSERT_EQ(run({"--target-cycles", "1", "--best-effort"}, out).code, 0);
  const Json warnings = parse_json(read_file(out / "reports/run.json"), "run").at("warnings");
  ASSERT_FALSE(warnings.empty());
  const CommandResult json = bench({"--json"});
  EXPECT_EQ(json.json().at("warnings"), warnings);
  EXPECT_EQ(schema_violations(json.json()), std::vector<std::string>{});
  EXPECT_THAT(bench().out, HasSubstr("WARNING: "));
  EXPECT_THAT(bench().out, HasSubstr("the target of 1 cycles per frame is not reached"));
}

TEST_F(Folding, AClockAndARateAreATarget) {
  ASSERT_EQ(run({"--target-cycles", "500"}, out).code, 0);
  const std::string before = stage(out, "_fold");
  // 0.1 MHz / 200 frames per second = 500 cycles: the same stages, kept.
  const CommandResult again = run({"--target-fps", "200", "--clock", "0.1"}, out);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("_fold: complete, kept"));
  EXPECT_EQ(stage(out, "_fold"), before);
  // At the default of 100 MHz.
  EXPECT_THAT(run({"--target-fps", "200000"}, out).err, HasSubstr("_fold: complete, kept"));
  const CommandResult other_rate = run({"--target-fps", "100", "--clock", "0.1"}, out);
  ASSERT_EQ(other_rate.code, 0);
  EXPECT_THAT(other_rate.err, ::testing::Not(HasSubstr("_fold: complete, kept")));
}

TEST_F(Folding, FitsADevice) {
  ASSERT_EQ(run({"--device", "ecp5-25"}, out).code, 0);
  const Json json = report(out);
  EXPECT_EQ(json.at("device").at("name"), "ecp5-25");
  EXPECT_EQ(json.at("goal").at("device_share"), 70);
  EXPECT_TRUE(json.at("reached").is_null());
  ASSERT_EQ(run({"--device", "ecp5-25", "--device-share", "20"}, other).code, 0);
  EXPECT_GE(report(other).at("interval"), json.at("interval"));
  ASSERT_EQ(run({"--device", "ecp5-25", "--target-cycles", "500"}, other).code, 0);
  EXPECT_EQ(report(other).at("goal").at("target_cycles"), 500);
  EXPECT_EQ(report(other).at("goal").at("device"), "ecp5-25");
  EXPECT_EQ(report(other).at("reached"), true);
  EXPECT_GT(report(other).at("interval"), json.at("interval"));
  const CommandResult small = run({"--device", "up5k", "--device-share", "1"}, other);
  EXPECT_EQ(small.code, 2);
  EXPECT_THAT(small.err, AllOf(HasSubstr("does not fit 1 % of up5k"), HasSubstr("LUTs of 52")));
}

TEST_F(Folding, GoalsExcludeEachOther) {
  const auto refuses = [&](const std::vector<std::string>& more, const std::string& message) {
    const CommandResult result = run(more, out);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(out));
  };
  refuses({"--target-cycles", "9", "--target-fps", "9", "--clock", "9"},
          "--target-cycles and --target-fps exclude each other");
  refuses({"--clock", "0"}, "--clock");
  refuses({"--device-share", "9"}, "--device-share is a share of --device");
  refuses({"--device", "xc7z999"}, "no device is called 'xc7z999'; choose one of xc7z010");
  refuses({"--target-fps", "1e9", "--clock", "1"}, "more than one per cycle");
  refuses({"--target-fps", "-1", "--clock", "1"}, "--target-fps");
  refuses({"--device", "up5k", "--device-share", "101"}, "--device-share");
}

TEST_F(Folding, BenchSaysWhereItsNumbersComeFrom) {
  const CommandResult first = run({"--target-cycles", "512"}, out);
  ASSERT_EQ(first.code, 0) << first.err;
  const CommandResult result = bench({"--json", "--clock", "50", "--frames", "4"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  const Json folding = report(out);
  EXPECT_EQ(json.at("layers").size(), folding.at("nodes").size());
  EXPECT_EQ(json.at("estimates"), folding.at("estimates"));
  ASSERT_EQ(json.at("partitions").size(), 1U);
  const Json& whole = json.at("partitions")[0];
  const auto interval = whole.at("formula").at("interval").get<std::int64_t>();
  EXPECT_EQ(whole.at("formula").at("interval"), folding.at("interval"));
  EXPECT_DOUBLE_EQ(whole.at("formula").at("frames_per_second").get<double>(),
                   50e6 / static_cast<double>(interval));
  const Json& model = whole.at("token_model");
  EXPECT_EQ(model.at("interval"), interval);
  EXPECT_GT(model.at("first_frame_latency"), 0);
  EXPECT_GE(model.at("cycles").get<std::int64_t>(),
            model.at("first_frame_latency").get<std::int64_t>() + 2 * interval);
  EXPECT_TRUE(whole.at("measured").is_null());
  EXPECT_THAT(json.at("remarks").dump(), HasSubstr("not simulated as a whole"));

  const fs::path csv = dir.path() / "bench.csv";
  const CommandResult table = bench({"--csv", csv.string()});
  EXPECT_EQ(table.code, 0);
  EXPECT_THAT(table.out, AllOf(HasSubstr("token model"), HasSubstr("slowest layer's formula"),
                               HasSubstr("estimates for xc7z020")));
  const std::string text = read_file(csv);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')),
            1 + json.at("layers").size() + 2);
  const CommandResult nowhere = bench({"--csv", (dir.path() / "none" / "bench.csv").string()});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("there is no folder"));
  EXPECT_EQ(bench({"--csv", dir.path().string()}).code, 2);
}

TEST_F(Folding, BenchTakesWhatWasMeasured) {
  ASSERT_EQ(run({"--until", "fold"}, out).code, 0);
  const CommandResult folded = bench({"--json"});
  ASSERT_EQ(folded.code, 0) << folded.err;
  EXPECT_TRUE(folded.json().at("partitions")[0].at("token_model").is_null());
  // Of another stage, of other RTL, or damaged: left out, and said so.
  write_file(out / "reports" / "rtl-top.json", "{\"schema\": \"assay.rtl-top/1\"}");
  EXPECT_THAT(bench().out, HasSubstr("about another stage or other RTL, and left out"));
}

TEST_F(Folding, BenchRefusesWhatIsNotFolded) {
  const auto refuses = [&](const std::vector<std::string>& more, const std::string& message) {
    const CommandResult result = bench(more);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refuses({}, "holds no finished run");
  ASSERT_EQ(run({"--until", "widths"}, out).code, 0);
  refuses({}, "before its layers are folded");
  ASSERT_EQ(run({"--target-cycles", "512"}, out).code, 0);
  refuses({"--device", "moon"}, "no device is called 'moon'");
  refuses({"--frames", "0"}, "--frames");
  refuses({"--clock", "0"}, "--clock");
  refuses({"--csv", "/dev/full/x.csv"}, "there is no folder '/dev/full'");
  for (const auto& entry : fs::directory_iterator(out / "stages"))
    if (entry.path().stem().string().ends_with("_fifos"))
      write_file(entry.path(), read_file(entry.path()) + " ");
  refuses({}, "was changed since the run");
}

TEST(BenchCsv, QuotesHostileNames) {
  const auto csv = [](const std::string& name) {
    report::Bench report;
    report.layers.push_back({name, "MVAU", 0, 7, 1.5, 1.0, 1, 1, 1.0, {}});
    return bench_csv(report);
  };
  const auto second_line = [](const std::string& text) { return text.substr(text.find('\n') + 1); };
  EXPECT_THAT(second_line(csv("=cmd|' /C calc'!A0")), HasSubstr("\"'=cmd|"));
  EXPECT_THAT(second_line(csv("@sum(1)")), HasSubstr("\"'@sum(1)\""));
  EXPECT_THAT(second_line(csv("a\",\"b")), HasSubstr("\"a\"\",\"\"b\""));
  const std::string broken = second_line(csv("a\nlayer,b\r\t\x01"));
  EXPECT_EQ(std::ranges::count(broken, '\n'), 1);
  EXPECT_THAT(broken, HasSubstr("\\x0alayer,b"));
}

}  // namespace
}  // namespace assay
