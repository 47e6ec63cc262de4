// SPDX-License-Identifier: Apache-2.0
// What a folding cannot do, and folding files that do not fit the network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/import.h"
#include "harness/flow/folding_report.h"
#include "harness/integer_network.h"
#include "harness/page/page_data.h"
#include "harness/report/console.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class Reach : public ::testing::Test {
 protected:
  CommandResult run(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"run", model.string(), "--images",
                                          "3",   "--out",        out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  Json report(const std::string& name) const {
    return Json::parse(read_file(out / "reports" / (name + ".json")));
  }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Reach, RefusesATargetThatNoFoldingKeeps) {
  const CommandResult result = run({"--target-cycles", "2"});
  EXPECT_EQ(result.code, 2) << result.out;
  EXPECT_THAT(result.err, AllOf(HasSubstr("no folding keeps 2 cycles per frame: "),
                                HasSubstr("layers are slower than the target"),
                                HasSubstr("or take every layer's fastest folding with "
                                          "--best-effort")));
  EXPECT_FALSE(fs::exists(out / "reports/run.json"));
  // The fastest that it names is reached, and not one cycle less.
  const std::string asked = "--target-cycles ";
  const int fastest = std::stoi(result.err.substr(result.err.find(asked) + asked.size()));
  const CommandResult reached = run({"--target-cycles", std::to_string(fastest), "--json"});
  EXPECT_EQ(reached.code, 0) << reached.err;
  EXPECT_EQ(reached.json()["warnings"], Json::array());
  EXPECT_EQ(report("folding")["interval"], fastest);
  EXPECT_EQ(run({"--target-cycles", std::to_string(fastest - 1)}).code, 2);
  EXPECT_EQ(run({"--target-fps", "50000000", "--clock", "100"}).code, 2);
}

TEST_F(Reach, TakesTheFastestFoldingsOnRequestAndSaysWhatIsMissed) {
  const CommandResult result = run({"--target-cycles", "2", "--best-effort", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  ASSERT_EQ(json["warnings"].size(), 1U);
  const std::string warning = json["warnings"][0];
  EXPECT_THAT(warning, HasSubstr("the target of 2 cycles per frame is not reached: "));
  const Json folding = report("folding");
  EXPECT_EQ(folding["reached"], false);
  EXPECT_EQ(folding["warnings"], json["warnings"]);
  int slow = 0;
  for (const Json& node : folding["nodes"])
    slow += !node["reached"].get<bool>() && node["operator"] != "StreamingFIFO" &&
                    node["operator"] != "StreamingDataWidthConverter"
                ? 1
                : 0;
  EXPECT_THAT(warning, HasSubstr(std::to_string(slow) + " of "));
  EXPECT_EQ(page_data(out)["warnings"], json["warnings"]);
  const CommandResult table = run({"--target-cycles", "2", "--best-effort"});
  EXPECT_THAT(table.out, HasSubstr("\nWARNING: " + warning + "\n"));
  EXPECT_GT(table.out.find("WARNING: "), table.out.find("EQUIVALENT: "));
  // A stage that was folded with best effort is not kept where the target is required.
  EXPECT_EQ(run({"--target-cycles", "2"}).code, 2);
  EXPECT_THAT(run({"--best-effort"}).err, HasSubstr("--best-effort is about --target-cycles"));
}

TEST_F(Reach, SaysWhenTheDesignIsMoreThanThePart) {
  const std::string shipped = ASSAY_SOURCE_DIR "/models/resnet8_w4a4/model.qonnx.onnx";
  const CommandResult result =
      run_assay({"run", shipped, "--images", "2", "--until", "fold", "--out", out.string()});
  ASSERT_EQ(result.code, 0) << result.err;
  const fs::path stage = out / report("run")["stages"].back()["file"].get<std::string>();
  const Graph graph = import_bytes(read_file(stage), {}, "stage");
  PassOptions options;
  options.device = "xcu250";
  EXPECT_TRUE(folding_report(graph, "s", "h", options).fits);
  options.device = "up5k";
  const report::Folding small = folding_report(graph, "s", "h", options);
  ASSERT_GT(small.estimates.lut, small.device.has.lut);
  EXPECT_FALSE(small.fits);
  ASSERT_EQ(small.warnings.size(), 1U);
  EXPECT_THAT(
      small.warnings[0],
      AllOf(HasSubstr("the design does not fit up5k: it is estimated to take " +
                      grouped(small.estimates.lut) + " LUTs of " + grouped(small.device.has.lut)),
            EndsWith(" times the part)")));
}

TEST_F(Reach, HoldsAFoldingFileAgainstTheNetworkBeforeAnyStage) {
  const auto refuses = [&](const std::string& text, const std::string& message) {
    const std::string file = dir.write("fold.json", text).string();
    const CommandResult result = run({"--folding", file});
    EXPECT_EQ(result.code, 2) << text;
    EXPECT_THAT(result.err, HasSubstr(message)) << text;
    EXPECT_FALSE(fs::exists(out)) << text;
  };
  refuses(R"({"MVAU_0": {"PEE": 4}})", "'MVAU_0': no layer has a field 'PEE'; the fields are PE,");
  refuses(R"({"a": {"PE": 0}})", "'PE' of 'a' cannot be that; choose one of divisors, from 1");
  refuses(R"({"a": {"PE": "4"}})", "'PE' of 'a' cannot be that");
  refuses(R"({"a": {"ram_style": "ultra"}})", "choose one of auto, distributed, block");
  refuses(R"({"a": {"mem_mode": 1}})", "choose one of embedded, decoupled, external");
  refuses(R"({"a": {"inFIFODepths": [-1]}})", "choose one of lists of one depth per stream");
  refuses(R"({"nobody": {"PE": 4}})", "names no layer: 'nobody'; the layers are ");
  refuses(R"({"nobody": {}})", "names no layer: 'nobody'");
  refuses(R"({"Conv_0": {"PE": 3}})", "PE cannot be 3; choose one of 1, 2");
  refuses(R"({"Conv_0": {"parallel_window": 1}})", "it has no field 'parallel_window'");
  for (const char* mode : {"embedded", "external"})
    refuses(fmt::format(R"({{"Conv_0": {{"ram_style": "block", "mem_mode": "{}"}}}})", mode),
            "ram_style block has no effect");
  refuses(R"({"Conv_0": {"inFIFODepths": [1, 2, 3]}})", "Conv_0");
}

TEST_F(Reach, HonoursRamStyleOrRefusesIt) {
  const auto fold = [&](const std::string& text) {
    return run({"--folding", dir.write("fold.json", text).string()});
  };
  const CommandResult block = fold(R"({"Conv_0": {"ram_style": "block"}})");
  ASSERT_EQ(block.code, 0) << block.err;
  const Json folding = Json::parse(read_file(out / "folding.json"));
  EXPECT_EQ(folding["Conv_0"]["mem_mode"], "decoupled");
  EXPECT_EQ(folding["Conv_0"]["ram_style"], "block");
  const CommandResult embedded =
      fold(R"({"Conv_0": {"ram_style": "block", "mem_mode": "embedded"}})");
  EXPECT_EQ(embedded.code, 2) << embedded.out;
  EXPECT_THAT(embedded.err,
              AllOf(HasSubstr("Conv_0"), HasSubstr("ram_style block has no effect: its weights are "
                                                   "embedded, that is constants in logic; set "
                                                   "mem_mode to decoupled")));
}

}  // namespace
}  // namespace assay
