// SPDX-License-Identifier: Apache-2.0
// A finished run's files hang together, and its verdict holds for what it was about.
#include "harness/run/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/onnx/export.h"
#include "golden/data/npy.h"
#include "harness/flow/flow.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"
#include "harness/run_results.h"
#include "harness/sealed_report.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

/// A finished run of the tiny network on images in a file.
class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    save_images(89);
    const CommandResult result = run();
    ASSERT_EQ(result.code, 0) << result.err;
  }
  void save_images(int step) const {
    std::vector<std::uint8_t> images, labels;
    for (int i = 0; i < 5 * 48; ++i) images.push_back(static_cast<std::uint8_t>(i * step % 251));
    for (int i = 0; i < 5; ++i) labels.push_back(static_cast<std::uint8_t>(i % 3));
    write_npy(data, make_npy<std::uint8_t>({5, 3, 4, 4}, images));
    write_npy(dir.path() / "set.labels.npy", make_npy<std::uint8_t>({5}, labels));
  }
  CommandResult run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run",         model.string(), "--data",
                                          data.string(), "--out",        out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult show(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"show", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// It is named, by --check and by show, which takes back the verdict.
  void expect_fault(const std::string& what) const {
    EXPECT_THAT(ledger_faults(out), Contains(HasSubstr(what)));
    const CommandResult check = show({"--check"});
    EXPECT_EQ(check.code, 1) << what;
    EXPECT_THAT(check.out, HasSubstr(what));
    const CommandResult shown = show();
    EXPECT_EQ(shown.code, 3) << what;
    EXPECT_THAT(shown.out, StartsWith("INCONCLUSIVE: the run was EQUIVALENT, but what it was about "
                                      "has changed since\n"));
    EXPECT_THAT(shown.out, HasSubstr(what));
    const CommandResult json = show({"--json"});
    EXPECT_EQ(json.code, 3);
    EXPECT_EQ(json.json()["verdict"], "INCONCLUSIVE");
  }
  /// The same of what only the whole of a run shows.
  void expect_fault_of_run(const std::string& what) const {
    EXPECT_THAT(ledger_faults(out), IsEmpty()) << what;
    const CommandResult check = show({"--check"});
    EXPECT_EQ(check.code, 1) << what;
    EXPECT_THAT(check.out, HasSubstr(what));
    EXPECT_EQ(show().code, 3) << what;
  }
  Json run_json() const { return Json::parse(read_file(out / kRunReport)); }

  TempDir dir;
  fs::path model = save_tiny(dir.path() / "tiny.onnx");
  fs::path data = dir.path() / "set.npy", out = dir.path() / "out";
};

TEST_F(LedgerTest, CountsWhatItLookedAt) {
  const CommandResult check = show({"--check"});
  EXPECT_EQ(check.code, 0) << check.out;
  EXPECT_EQ(check.out, "36 files are what they were\n");  // 16 stages, their reports, 4 others
  EXPECT_EQ(run_json()["files"].size(), 36U);
  EXPECT_THAT(show().out, StartsWith("EQUIVALENT: all 195 elements"));
  const Json json = show({"--json"}).json();
  EXPECT_EQ(json["verdict"], "EQUIVALENT");
  EXPECT_EQ(json["checked"], 36);
  EXPECT_THAT(run_assay({"bisect", out.string()}).out,
              StartsWith("the run was EQUIVALENT: all 195 elements"));
}

TEST_F(LedgerTest, NamesEveryFileThatIsEditedOrMissing) {
  const auto before = run_results(out);
  for (const auto& [name, hash] : run_json()["files"].items()) {
    SCOPED_TRACE(name);
    const std::string bytes = read_file(out / name);
    write_file(out / name, bytes + " ");
    EXPECT_THAT(ledger_faults(out), Contains(name + ": edited"));
    EXPECT_EQ(show().code, 3);
    fs::remove(out / name);
    EXPECT_THAT(ledger_faults(out), Contains(name + ": missing"));
    EXPECT_EQ(show({"--check"}).code, 1);
    write_file(out / name, bytes);
  }
  EXPECT_EQ(show().code, 0);
  write_file(out / "stages/02_cleanup.onnx", "x");
  expect_fault("stages/02_cleanup.onnx: edited");
  EXPECT_EQ(run().code, 0);
  EXPECT_EQ(differing(run_results(out), before), "");
}

TEST_F(LedgerTest, RefusesARunReportThatWasEdited) {
  const std::string text = read_file(out / kRunReport);
  const std::vector<std::function<void(Json&)>> edits = {
      [](Json& r) { r["verdict"] = "DIFFERENT"; },
      [](Json& r) { r["reason"] = "x"; },
      [](Json& r) { r["files"].erase("stages/01_import.onnx"); },
      [](Json& r) { r["stages"].erase(15); },
      [](Json& r) { r["inputs"]["topk"] = 2; },
      [](Json& r) { r.erase("checksum"); },
      [](Json& r) { r.erase("files"); }};
  for (const auto& edit : edits) {
    write_file(out / kRunReport, text);
    edit_report(out / kRunReport, edit);
    EXPECT_EQ(show({"--check"}).code, 1);
    for (const char* command : {"show", "bisect", "bench", "verify", "explain", "accuracy"}) {
      const CommandResult result = run_assay({command, out.string()});
      EXPECT_EQ(result.code, 2) << command;
      EXPECT_THAT(result.err, HasSubstr("run.json' was edited: its checksum is wrong"));
    }
  }
  fs::remove(out / kRunReport);
  EXPECT_EQ(show({"--check"}).code, 1);
  EXPECT_EQ(show().code, 2);
}

TEST_F(LedgerTest, SeesThroughForgedReports) {
  const fs::path stage = out / "reports/03_preprocess.json";
  forge_report(stage, [](Json& r) { r["compared"] = 5; });
  forge_report(out / kRunReport, [&](Json& r) {
    r["files"]["reports/03_preprocess.json"] = sha256(read_file(stage));
  });
  expect_fault("reports/03_preprocess.json: does not say what the run's summary of it says");
  ASSERT_EQ(run().code, 0);
  forge_report(out / kRunReport, [](Json& r) { r["files"].erase("stages/04_postprocess.onnx"); });
  expect_fault("stages/04_postprocess.onnx: belongs to the run, which has no hash of it");
  ASSERT_EQ(run().code, 0);
  forge_report(out / kRunReport, [](Json& r) { r["reason"] = "all is well"; });
  expect_fault("its verdict does not follow from its stages");
  ASSERT_EQ(run().code, 0);
  forge_report(out / kRunReport, [](Json& r) { r["files"]["../set.npy"] = "00"; });
  expect_fault("../set.npy: lies outside of the run's folder");
}

/// Every digest and checksum fits, as if the run had been so.
void drop_stage(const fs::path& out, std::size_t index) {
  forge_report(out / kRunReport, [&](Json& r) {
    const std::string id = r["stages"][index]["stage"];
    for (const std::string& file : {"stages/" + id + ".onnx", "reports/" + id + ".json"}) {
      r["files"].erase(file);
      fs::remove(out / file);
    }
    r["stages"].erase(index);
  });
}

TEST_F(LedgerTest, StagesAreThoseOfTheOptions) {
  const std::string before = read_file(out / kRunReport);
  const auto stages = run_json()["stages"];
  const auto expect_list_fault = [&](const std::string& what) {
    expect_fault_of_run("reports/run.json: " + what);
    for (const char* command : {"bench", "verify"}) {
      const CommandResult result = run_assay({command, out.string()});
      EXPECT_EQ(result.code, 2) << command;
      EXPECT_THAT(result.err, HasSubstr(what)) << command;
    }
    ASSERT_EQ(run().code, 0);
    EXPECT_EQ(read_file(out / kRunReport), before);
  };
  drop_stage(out, stages.size() - 1);
  expect_list_fault("stage fifos is left out");
  drop_stage(out, 4);  // which moves those behind it
  expect_list_fault("stage absorb_scales is left out");
  forge_report(out / kRunReport, [](Json& r) { r["until"] = "tail"; });
  expect_list_fault("stage 08_lower is none that the options of the run give there");
  forge_report(out / kRunReport, [](Json& r) { r["until"] = "tial"; });
  expect_list_fault("--until names no stage: 'tial'");
  forge_report(out / kRunReport, [](Json& r) { r["inputs"]["options"]["pace"] = 1; });
  expect_list_fault("no option of a run is called 'pace'");
}

TEST_F(LedgerTest, ARunThatStopsEarlyHasTheStagesThatItSays) {
  ASSERT_EQ(run({"--until", "tail"}).code, 0);
  EXPECT_EQ(show({"--check"}).code, 0);
  forge_report(out / kRunReport, [](Json& r) { r["until"] = nullptr; });
  EXPECT_THAT(ledger_faults(out), Contains(HasSubstr("its levels are not those of a run")));
  forge_report(out / kRunReport, [](Json& r) {
    Json level = {{"level", "rtl-top"}, {"target", nullptr}, {"verdict", "INCONCLUSIVE"}};
    level["reason"] = "x";
    r["levels"] = Json::array({level});
    r["verdict"] = "INCONCLUSIVE";
    r["reason"] = "the stages agree, but level rtl-top is INCONCLUSIVE: x";
  });
  expect_fault_of_run("reports/run.json: stage lower is left out");
}

TEST_F(LedgerTest, NamesWhatNoRunWrote) {
  write_file(out / "stages/17_more.onnx", "x");
  expect_fault("stages/17_more.onnx: is not of this run");
  fs::remove(out / "stages/17_more.onnx");
  write_file(out / "reports/rtl-node.json", "{}");
  expect_fault("reports/rtl-node.json: is not of this run");
}

TEST_F(LedgerTest, TakesFilesThatAreWrittenLater) {
  const std::string before = read_file(out / kRunReport);
  {
    const RunDir folder(out);
    folder.write("reports/more.json", "{}");
    register_files(folder, {"reports/more.json"});
  }
  EXPECT_EQ(show({"--check"}).out, "37 files are what they were\n");
  write_file(out / "reports/more.json", "{} ");
  EXPECT_EQ(show({"--check"}).code, 1);
  fs::remove(out / "reports/more.json");
  register_files(RunDir(out), {"reports/more.json"});
  EXPECT_EQ(read_file(out / kRunReport), before);
}

TEST_F(LedgerTest, NoticesAModelThatWasReplaced) {
  const std::string bytes = read_file(model);
  save_tiny(model, {.first_weight = -0.5F});
  const CommandResult shown = show();
  EXPECT_EQ(shown.code, 3);
  EXPECT_THAT(shown.out, HasSubstr("tiny.onnx' is not the one of the run any more"));
  const CommandResult checked = run_assay({"show", out.string(), "--check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.out, HasSubstr("tiny.onnx' is not the one of the run any more"));
  for (const char* command : {"bisect", "bench", "verify", "explain", "accuracy"}) {
    const CommandResult result = run_assay({command, out.string()});
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.err, HasSubstr("tiny.onnx' is not the one of the run any more"));
  }
  write_file(model, "garbage");
  EXPECT_EQ(run_assay({"bisect", out.string()}).code, 2);
  fs::remove(model);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"show", out.string()},
                                                  {"show", out.string(), "--check"},
                                                  {"bisect", out.string()},
                                                  {"explain", out.string()},
                                                  {"accuracy", out.string()}}) {
    const CommandResult result = run_assay(command);
    EXPECT_EQ(result.code, 0) << command[0];
    EXPECT_THAT(result.out + result.err, HasSubstr("tiny.onnx' is no longer there")) << command[0];
  }
  write_file(model, bytes);
  EXPECT_EQ(run_assay({"bisect", out.string()}).code, 0);
  EXPECT_EQ(show().code, 0);
}

TEST_F(LedgerTest, NoticesImagesThatWereReplaced) {
  save_images(83);
  const CommandResult shown = show();
  EXPECT_EQ(shown.code, 3);
  EXPECT_THAT(shown.out, HasSubstr("set.npy' is not the one of the run any more"));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
  for (const char* command : {"bisect", "bench", "verify"}) {
    const CommandResult result = run_assay({command, out.string()});
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.err, HasSubstr("set.npy' is not the one of the run any more"));
  }
  save_images(89);
  EXPECT_EQ(show().code, 0);
}

TEST_F(LedgerTest, BisectDoesNotCallARunSoundThatWasNot) {
  forge_report(out / kRunReport, [](Json& r) {
    r["stages"].back()["verdict"] = "DIFFERENT";
    r["verdict"] = "DIFFERENT";
  });
  const CommandResult result = run_assay({"bisect", out.string()});
  EXPECT_EQ(result.code, 3) << result.out;
  EXPECT_THAT(result.out, StartsWith("the run was DIFFERENT: "));
  EXPECT_THAT(result.out, HasSubstr("INCONCLUSIVE: no stage differs now, but the run was"));
}

TEST_F(LedgerTest, BisectNeedsSomethingToCompareWith) {
  fs::remove(model);
  write_file(out / "stages/01_import.onnx", read_file(out / "stages/02_cleanup.onnx"));
  const CommandResult result = run_assay({"bisect", out.string()});
  EXPECT_EQ(result.code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("01_import.onnx' was changed since the run"));
}

TEST_F(LedgerTest, AnotherModelAsksForReplace) {
  const auto before = run_results(out);
  const std::string bytes = read_file(model);
  save_tiny(model, {.first_weight = -0.5F});  // the same name
  for (const bool killed : {false, true}) {
    if (killed) fs::remove(out / kRunReport);
    const CommandResult refused = run();
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("holds a run of another model"));
    EXPECT_THAT(refused.err, HasSubstr("give --replace"));
    EXPECT_THAT(differing(run_results(out), before), killed ? "reports/run.json " : "");
  }
  const CommandResult replaced = run({"--replace"});
  EXPECT_EQ(replaced.code, 0) << replaced.err;
  EXPECT_EQ(show({"--check"}).code, 0);
  EXPECT_EQ(run({"--topk", "2"}).code, 0);  // other options need no such word
  write_file(model, bytes);
  EXPECT_EQ(run().code, 2);
  EXPECT_EQ(run({"--replace"}).code, 0);
  EXPECT_EQ(differing(run_results(out), before), "");
}

TEST_F(LedgerTest, ImagesThatWereReplacedAskForReplace) {
  const auto before = run_results(out);
  save_images(83);  // the same name
  for (const bool killed : {false, true}) {
    if (killed) fs::remove(out / kRunReport);
    const CommandResult refused = run();
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("set.npy' has others now"));
    EXPECT_THAT(refused.err, HasSubstr("give --replace"));
    EXPECT_THAT(differing(run_results(out), before), killed ? "reports/run.json " : "");
  }
  const CommandResult replaced = run({"--replace"});
  EXPECT_EQ(replaced.code, 0) << replaced.err;
  EXPECT_EQ(show({"--check"}).code, 0);
  save_images(89);
  EXPECT_EQ(run({"--images", "2"}).code, 0);  // others were asked for
  EXPECT_EQ(run().code, 0);
  EXPECT_EQ(differing(run_results(out), before), "");
}

TEST_F(LedgerTest, NoticesPreprocessingThatWasReplaced) {
  const fs::path file = dir.path() / "pre.onnx";
  const auto save = [&](float scale) {
    Graph graph;
    Tensor* x = graph.add_input("pixels", {1, 3, 4, 4});
    Tensor* factor = graph.add_constant("factor", Constant(Shape{}, std::vector<float>{scale}));
    graph.add_output(graph.add(std::make_unique<ops::Mul>(), {x, factor}, "y"));
    infer_shapes(graph);
    graph.sort();
    export_model(graph, file);
  };
  save(1.0F / 256);
  const auto again = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"--preprocess", file.string(), "--until", "cleanup"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  ASSERT_EQ(again().code, 0);
  ASSERT_EQ(show({"--check"}).code, 0);
  save(1.0F / 128);
  EXPECT_EQ(show().code, 3);
  const CommandResult check = show({"--check"});
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.out, HasSubstr("pre.onnx' is not the one of the run any more"));
  for (const char* command : {"bisect", "accuracy", "explain"}) {
    const CommandResult result = run_assay({command, out.string()});
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.err, HasSubstr("pre.onnx' is not the one of the run any more"));
  }
  EXPECT_THAT(again().err, AllOf(HasSubstr("other pre-processing"), HasSubstr("give --replace")));
  EXPECT_EQ(again({"--replace"}).code, 0);
  fs::remove(file);
  EXPECT_EQ(show().code, 3);  // nothing can be made again without it
  EXPECT_EQ(show({"--check"}).code, 1);
}

TEST_F(LedgerTest, ReportsOnRtlOfAnotherLastStageAreRemoved) {
  const fs::path report = out / "reports/rtl-node.json";
  const std::string stage = run_json()["stages"].back()["sha256"];
  const std::string sound = json_text({{"stage_sha256", stage}});
  write_file(report, sound);
  register_files(RunDir(out), {"reports/rtl-node.json"});
  ASSERT_EQ(run().code, 0);
  EXPECT_TRUE(fs::exists(report));
  EXPECT_TRUE(run_json()["files"].contains("reports/rtl-node.json"));
  EXPECT_EQ(show({"--check"}).code, 0);
  write_file(report, json_text({{"stage_sha256", stage}, {"edited", 1}}));
  ASSERT_EQ(run().code, 0);
  EXPECT_FALSE(fs::exists(report));
  write_file(report, sound);
  register_files(RunDir(out), {"reports/rtl-node.json"});
  ASSERT_EQ(run({"--topk", "2"}).code, 0);
  EXPECT_FALSE(fs::exists(report));
}

TEST_F(LedgerTest, ARunWithoutItsPageHasNoVerdict) {
  FlowOptions options;
  options.model = model;
  options.out = dir.path() / "pageless";
  options.images.images = "2";
  options.finished = [](const RunDir&) { tool_error("the disk is full"); };
  std::ostringstream text;
  EXPECT_THROW(run_flow(options, {text, text, false, true}), ToolError);
  EXPECT_FALSE(fs::exists(options.out / kRunReport));
}

/// The path on which programs are searched.
class WithoutTools {
 public:
  WithoutTools() : path_(std::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~WithoutTools() { ::setenv("PATH", path_.c_str(), 1); }
  WithoutTools(const WithoutTools&) = delete;
  WithoutTools& operator=(const WithoutTools&) = delete;

 private:
  std::string path_;
};

TEST(Simulation, ThatCannotBeDoneLeavesNoVerdict) {
  const TempDir dir;
  const fs::path model = save_integer_network(dir.path() / "net.onnx"), out = dir.path() / "out";
  const std::vector<std::string> arguments = {"run",   model.string(), "--images",        "3",
                                              "--out", out.string(),   "--target-cycles", "512"};
  {
    const WithoutTools nothing;
    const CommandResult result = run_assay_as_is(arguments);
    EXPECT_EQ(result.code, 4) << result.err;
    const std::string last = result.out.substr(result.out.rfind('\n', result.out.size() - 2) + 1);
    EXPECT_THAT(last, StartsWith("INCONCLUSIVE: the stages agree, but rtl-top was not verified"));
  }
  const Json run = Json::parse(read_file(out / kRunReport));
  EXPECT_EQ(run["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(run["reason"].get<std::string>(),
              StartsWith("the stages agree, but level rtl-top is INCONCLUSIVE: "));
  EXPECT_EQ(run["levels"][0]["level"], "rtl-top");
  EXPECT_EQ(run["levels"][0]["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(run_assay({"show", out.string()}).out, StartsWith("INCONCLUSIVE: the stages agree"));
  EXPECT_THAT(ledger_faults(out), IsEmpty());
  // Somebody who knows how checksums are made.
  forge_report(out / kRunReport, [](Json& r) {
    r["verdict"] = "EQUIVALENT";
    r["reason"] = r["stages"].back()["reason"];
  });
  EXPECT_THAT(ledger_faults(out), Contains(HasSubstr("its verdict does not follow")));
}

TEST(Simulation, SettlesTheVerdictOfItsRun) {
  const TempDir dir;
  const fs::path model = save_integer_network(dir.path() / "net.onnx"), out = dir.path() / "out";
  const CommandResult result = run_assay_as_is({"run", model.string(), "--images", "3", "--out",
                                                out.string(), "--target-cycles", "512", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.json()["verdict"], "EQUIVALENT");
  const Json run = Json::parse(read_file(out / kRunReport));
  EXPECT_EQ(run["verdict"], "EQUIVALENT");
  EXPECT_EQ(run["levels"][0]["verdict"], "EQUIVALENT");
  EXPECT_TRUE(run["files"].contains("reports/rtl-top.json"));
  EXPECT_THAT(ledger_faults(out), IsEmpty());
  const std::string shown = run_assay({"show", out.string()}).out;
  EXPECT_THAT(shown, StartsWith("EQUIVALENT: "));
  EXPECT_THAT(shown, HasSubstr("rtl-top: EQUIVALENT: "));
  // A report of it that says something else.
  edit_report(out / kTopReport, [](Json& r) { r["verdict"] = "DIFFERENT"; });
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
  register_files(RunDir(out), {kTopReport});
  EXPECT_EQ(Json::parse(read_file(out / kRunReport))["verdict"], "DIFFERENT");
}

}  // namespace
}  // namespace assay
