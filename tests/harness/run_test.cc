// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <map>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/import.h"
#include "harness/run_command.h"
#include "harness/run_results.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder with the tiny network in it.
class Run : public ::testing::Test {
 protected:
  CommandResult run(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"run", model.string(), "--images",
                                          "7",   "--out",        out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  Json report(const std::string& name) const {
    return Json::parse(read_file(out / "reports" / (name + ".json")));
  }
  std::map<std::string, std::string> results() const { return run_results(out); }

  TempDir dir;
  fs::path model = save_tiny(dir.path() / "tiny.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Run, FindsEveryStageEquivalent) {
  const CommandResult result = run({"--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const Json json = result.json();
  EXPECT_EQ(json["verdict"], "EQUIVALENT");
  EXPECT_EQ(json["accuracy_means_nothing"], true);
  ASSERT_EQ(json["stages"].size(), 16U);
  for (const Json& stage : json["stages"]) {
    EXPECT_EQ(stage["verdict"], "EQUIVALENT") << stage;
    EXPECT_EQ(stage["images"], 7);
    EXPECT_EQ(stage["compared"], stage["predicted"]);
    EXPECT_EQ(stage["canaries"]["caught"], stage["canaries"]["planted"]);
    EXPECT_GT(stage["canaries"]["planted"], 0);
  }
  EXPECT_EQ(json["stages"][0]["predicted"], 7 * (32 + 3 + 3));
  EXPECT_EQ(json["stages"][3]["predicted"], 7 * (32 + 3 + 3 + 1));  // and the label
}

TEST_F(Run, LeavesReportsThatKeepToTheirSchemas) {
  ASSERT_EQ(run().code, 0);
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(out / "reports")) {
    if (entry.path().extension() != ".json") continue;
    const Json json = Json::parse(read_file(entry.path()));
    EXPECT_EQ(schema_violations(json), std::vector<std::string>{}) << entry.path();
    ++count;
  }
  EXPECT_EQ(count, 21U);  // sixteen stages, run, timing, streamline, folding, fifos
  EXPECT_EQ(report("01_import")["float_reference"]["verdict"], "EQUIVALENT");
  EXPECT_TRUE(report("02_cleanup")["float_reference"].is_null());
}

TEST_F(Run, StopsAfterTheStageThatUntilNames) {
  ASSERT_EQ(run().code, 0);
  const CommandResult result = run({"--until", "cleanup"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(fs::exists(out / "stages/02_cleanup.onnx"));
  EXPECT_FALSE(fs::exists(out / "stages/03_preprocess.onnx"));  // of the run before
  EXPECT_FALSE(fs::exists(out / "reports/03_preprocess.json"));
  EXPECT_EQ(report("run")["stages"].size(), 2U);
}

TEST_F(Run, GivesTheSameBytesAgainAndKeepsCompleteStages) {
  ASSERT_EQ(run().code, 0);
  const auto before = results();
  const CommandResult again = run();
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("04_postprocess: complete, kept"));
  EXPECT_EQ(results(), before);
}

TEST_F(Run, RepeatsOnlyWhatIsDamagedOrMissing) {
  ASSERT_EQ(run().code, 0);
  const auto before = results();
  std::string bytes = read_file(out / "stages/03_preprocess.onnx");
  bytes.pop_back();
  write_file(out / "stages/03_preprocess.onnx", bytes);
  fs::remove(out / "reports/04_postprocess.json");
  const CommandResult again = run();
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("02_cleanup: complete, kept"));
  EXPECT_THAT(again.err, ::testing::Not(HasSubstr("03_preprocess: complete")));
  EXPECT_THAT(again.err, ::testing::Not(HasSubstr("04_postprocess: complete")));
  EXPECT_EQ(results(), before);
}

TEST_F(Run, RepeatsEverythingForOtherImages) {
  ASSERT_EQ(run().code, 0);
  const CommandResult again = run({"--topk", "2"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, ::testing::Not(HasSubstr("kept")));
  EXPECT_EQ(report("04_postprocess")["checkpoints"].back()["predicted"], 14);
}

TEST_F(Run, RemovesWhatAKilledRunHalfWrote) {
  ASSERT_EQ(run().code, 0);
  const auto before = results();
  dir.write("out/stages/02_cleanup.onnx.k3Jd0a.tmp", "half");
  dir.write("out/reports/run.json.Zz91xx.tmp", "{");
  EXPECT_EQ(run().code, 0);
  EXPECT_EQ(results(), before);
}

TEST_F(Run, RefusesAFolderThatAnotherRunHolds) {
  ASSERT_EQ(run().code, 0);
  const auto before = results();
  const int lock = ::open((out / ".assay-lock").c_str(), O_RDWR);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const CommandResult result = run();
  ::close(lock);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("another assay is working in"));
  EXPECT_EQ(results(), before);
  EXPECT_EQ(run().code, 0);
}

TEST_F(Run, RefusesAFolderOfSomethingElse) {
  dir.write("out/thesis.tex", "years of work");
  const CommandResult result = run();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("was not made by a run"));
  EXPECT_EQ(results().size(), 1U);
}

TEST_F(Run, RefusesLinksThatLeadOutOfItsFolder) {
  ASSERT_EQ(run().code, 0);
  fs::create_directory(dir.path() / "elsewhere");
  for (const char* part : {"stages", "reports"}) {
    fs::remove_all(out / part);
    fs::create_directory_symlink(dir.path() / "elsewhere", out / part);
    EXPECT_EQ(run().code, 2) << part;
    EXPECT_TRUE(fs::is_empty(dir.path() / "elsewhere"));
    fs::remove(out / part);
  }
  fs::remove(out / "log.jsonl");
  fs::create_symlink(dir.path() / "elsewhere/log", out / "log.jsonl");
  EXPECT_EQ(run().code, 2);
  EXPECT_TRUE(fs::is_empty(dir.path() / "elsewhere"));
}

TEST_F(Run, WritesNothingWhenItRefuses) {
  const std::vector<std::vector<std::string>> refused = {
      {"--topk", "-1"},      {"--topk", "4"},     {"--until", "nowhere"},
      {"--images", "0"},     {"--images", "5:5"}, {"--data", "/nowhere"},
      {"--preprocess", "x"}, {"--mean", "0.5"},   {"--preprocess", "nowhere.onnx"},
      {"--jobs", "0"},       {"--unknown"},       {"--preprocess", "normalize", "--std", "0"}};
  for (const auto& more : refused) {
    const CommandResult result = run(more);
    EXPECT_EQ(result.code, 2) << more[0] << result.err;
    EXPECT_THAT(result.err, ::testing::StartsWith("assay: error: "));
    EXPECT_FALSE(fs::exists(out)) << more[0];
  }
  const std::string bytes = read_file(model);
  write_file(model, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(run().code, 2);
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(Run, FailsWhenItCannotWriteAndLeavesNoVerdict) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (!::freopen("/dev/null", "w", stderr)) ::_exit(126);
    ::execl(ASSAY_BINARY, ASSAY_BINARY, "run", model.c_str(), "--images", "3", "--out", out.c_str(),
            "--until", "fifos", nullptr);
    ::_exit(127);
  }
  EXPECT_EQ(finish(child), 4);
  EXPECT_FALSE(fs::exists(out / "reports/run.json"));
  EXPECT_EQ(run().code, 0);
}

TEST_F(Run, FailsWhenStandardOutputIsFull) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!::freopen("/dev/full", "w", stdout)) ::_exit(126);
    if (!::freopen("/dev/null", "w", stderr)) ::_exit(126);
    ::execl(ASSAY_BINARY, ASSAY_BINARY, "show", model.c_str(), nullptr);
    ::_exit(127);
  }
  EXPECT_EQ(finish(child), 4);
}

TEST_F(Run, GivesTheSameReportsOnOneThread) {
  ASSERT_EQ(run().code, 0);
  const auto parallel = results();
  fs::remove_all(out);
  ASSERT_EQ(run({"--jobs", "1"}).code, 0);
  EXPECT_EQ(results(), parallel);
}

TEST_F(Run, TakesNormalisedImages) {
  const CommandResult result = run({"--preprocess", "normalize", "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.json()["inputs"]["preprocess"]["mean"][0], "0.4914");
}

TEST_F(Run, TakesAPreprocessingNetworkAndRawPixels) {
  save_tiny(model, {.first_scale = 32});  // bytes would be the largest value, all of them
  Graph pre;
  Tensor* x = pre.add_input("raw", {1, 3, 4, 4});
  Tensor* half = pre.add_constant("half", Constant(Shape{}, std::vector<float>{0.5F}));
  pre.add_output(pre.add(std::make_unique<ops::Mul>(), {x, half}, "scaled"));
  infer_shapes(pre);
  mark_checkpoints(pre);
  const fs::path file = dir.path() / "pre.onnx";
  export_model(pre, file);
  const CommandResult scaled = run({"--preprocess", file.string(), "--json"});
  EXPECT_EQ(scaled.code, 0) << scaled.err;
  EXPECT_EQ(scaled.json()["inputs"]["preprocess"]["kind"], "file");
  const CommandResult raw = run({"--preprocess", "none", "--json"});
  EXPECT_EQ(raw.code, 0) << raw.err;
  EXPECT_EQ(raw.json()["verdict"], "EQUIVALENT");
}

}  // namespace
}  // namespace assay
