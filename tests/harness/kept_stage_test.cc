// SPDX-License-Identifier: Apache-2.0
// What an earlier run left in its folder is derived again before it is believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/graph/hw_ops.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "harness/check/check.h"
#include "harness/edited_network.h"
#include "harness/run/preprocess.h"
#include "harness/run_command.h"
#include "harness/run_results.h"
#include "harness/sealed_report.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ReportEdit = std::function<void(Json&)>;

/// Folders of runs of the tiny network.
class KeptStage : public ::testing::Test {
 protected:
  CommandResult run(const std::vector<std::string>& more = {}) const { return run_in(out, more); }
  CommandResult run_in(const fs::path& folder, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run", model.string(), "--images",
                                          "7",   "--out",        folder.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  fs::path report(const std::string& stage) const { return out / "reports" / (stage + ".json"); }
  fs::path file(const std::string& stage) const { return out / "stages" / (stage + ".onnx"); }

  /// The stage is done again, for this reason, and everything is as it was.
  void expect_repaired(const std::string& stage, const std::string& why,
                       const std::map<std::string, std::string>& before,
                       const std::vector<std::string>& more = {}) const {
    const CommandResult again = run(more);
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr(stage + ": done again, as " + why));
    EXPECT_THAT(again.err, Not(HasSubstr(stage + ": complete, kept")));
    EXPECT_EQ(differing(run_results(out), before), "");
  }
  /// A stage's file becomes another network, and its report is about that one.
  void replace(const std::string& stage, const fs::path& other) const {
    const std::string bytes = read_file(other);
    write_file(file(stage), bytes);
    forge_report(report(stage), [&](Json& r) { r["sha256"] = sha256(bytes); });
  }

  TempDir dir;
  fs::path model = save_tiny(dir.path() / "tiny.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(KeptStage, IsComparedAgainOnASampleAndTheLastOneOnAllImages) {
  ASSERT_EQ(run().code, 0);
  const std::string again = run().err;
  EXPECT_THAT(again, HasSubstr("02_cleanup: complete, kept; 4 of 7 images compared again"));
  EXPECT_THAT(again, HasSubstr("16_fifos: complete, kept; 7 of 7 images compared again"));
  EXPECT_THAT(again, Not(HasSubstr("done again")));
  ASSERT_EQ(run({"--until", "cleanup"}).code, 0);
  EXPECT_THAT(run({"--until", "cleanup"}).err, HasSubstr("02_cleanup: complete, kept; 7 of 7"));
}

/// A simulation sizes FIFOs, which is not done again; what lies between them is held against the stage before.
TEST_F(KeptStage, FifosLeaveAllElseAsItWas) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  Graph graph = import_bytes(read_file(file("16_fifos")), {}, "stage");
  for (const auto& node : graph.nodes())
    if (node->as<hw::MVAU>()) {
      std::optional<Constant>& weights = node->inputs[1]->constant;
      std::vector<float> values;
      for (std::int64_t i = 0; i < weights->size(); ++i) values.push_back(weights->to_float(i));
      values[0] = values[0] == 0 ? 1 : 0;
      weights = Constant(weights->shape(), values);
      break;
    }
  const std::string bytes = export_bytes(graph);
  write_file(file("16_fifos"), bytes);
  forge_report(report("16_fifos"), [&](Json& r) { r["sha256"] = sha256(bytes); });
  expect_repaired("16_fifos", "", before);
}

TEST_F(KeptStage, ClaimsAreDerivedAgain) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  const std::vector<std::pair<ReportEdit, std::string>> edits = {
      {[](Json& r) { r["compared"] = 5; }, "its report says /compared 5"},
      {[](Json& r) { r["predicted"] = 5; }, "its report says /predicted 5"},
      {[](Json& r) { r["predicted"] = r["compared"] = 5; }, "its report says /"},
      {[](Json& r) { r["differing"] = 7; }, "its report says /differing 7"},
      {[](Json& r) { r["images"] = 70; }, "its report says /images 70"},
      {[](Json& r) { r["checkpoints"] = Json::array(); }, "its report says /checkpoints/"},
      {[](Json& r) { r["checkpoints"][1]["compared"] = 1; },
       "its report says /checkpoints/1/compared 1"},
      {[](Json& r) {
         r["canaries"] = {{"planted", 0}, {"caught", 0}};
       },
       "its report says /canaries/"},
      {[](Json& r) { r["verdict"] = "DIFFERENT"; }, "its report says DIFFERENT"},
      {[](Json& r) { r["reason"] = "all is well"; }, "its report says /reason"},
      {[](Json& r) { r["unexpected"].push_back("x"); },
       R"(its report says /unexpected ["x"], not [])"},
      {[](Json& r) { r["passes"].push_back("x"); }, "its report says /passes "},
      {[](Json& r) { r["contract"] = "approximate"; }, "its report says /contract"},
      {[](Json& r) { r["reference"] = "another"; }, "its report says /reference"},
      {[](Json& r) { r["accuracy"]["exact"]["top1_correct"] = 0; }, "its report says /accuracy/"},
      {[](Json& r) { r["accuracy"]["exact"] = nullptr; }, "its report says /accuracy/exact"}};
  for (const std::string stage : {"03_preprocess", "16_fifos"})
    for (const auto& [edit, why] : edits) {
      SCOPED_TRACE(stage + ": " + why);
      forge_report(report(stage), edit);
      expect_repaired(stage, why, before);
    }
}

TEST_F(KeptStage, FloatReferenceIsDerivedAgain) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  forge_report(report("01_import"), [](Json& r) { r["float_reference"]["differing"] = 99; });
  expect_repaired("01_import", "its report says /float_reference/differing 99", before);
  forge_report(report("01_import"), [](Json& r) { r["accuracy"]["float"] = nullptr; });
  expect_repaired("01_import", "its report says /accuracy/float", before);
}

TEST_F(KeptStage, WhatThePassesReportedIsDerivedAgain) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  forge_report(report("05_absorb_scales"),
               [](Json& r) { r["streamline"]["quantisers"][0]["ties"] = 77; });
  expect_repaired("05_absorb_scales", "its report says /streamline/quantisers/0/ties 77", before);
}

TEST_F(KeptStage, ChecksumIsLookedAt) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  edit_report(report("05_absorb_scales"),
              [](Json& r) { r["streamline"]["quantisers"][0]["ties"] = 77; });
  expect_repaired("05_absorb_scales", "the checksum of its report is wrong", before);
  edit_report(report("02_cleanup"), [](Json& r) { r["checksum"] = nullptr; });
  expect_repaired("02_cleanup", "'reports/02_cleanup.json' is damaged", before);
  edit_report(report("02_cleanup"), [](Json& r) { r.erase("checksum"); });
  expect_repaired("02_cleanup", "the checksum of its report is wrong", before);
}

TEST_F(KeptStage, AnotherNetworkInItsPlaceIsNoticed) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  save_tiny(model, {.first_weight = -0.5F});
  ASSERT_EQ(run_in(dir.path() / "other").code, 0);
  save_tiny(model);
  for (const std::string stage : {"02_cleanup", "08_lower", "16_fifos"}) {
    SCOPED_TRACE(stage);
    replace(stage, dir.path() / "other/stages" / (stage + ".onnx"));
    expect_repaired(stage, "its report says /", before);
  }
}

/// Whatever no image of the sample sees.
TEST_F(KeptStage, AnEditWithoutAnyEffectIsNoticed) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  for (const std::string stage : {"01_import", "07_tail", "09_xnor"}) {
    SCOPED_TRACE(stage);
    Graph graph = import_model(file(stage));
    graph.nodes().front()->name += "_edited";
    export_model(graph, dir.path() / "edited.onnx");
    replace(stage, dir.path() / "edited.onnx");
    expect_repaired(stage, "its file is not what its passes make", before);
  }
}

TEST_F(KeptStage, ANetworkForOtherImagesInItsPlaceIsNoticed) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  Graph graph;
  graph.add_output(
      graph.add(std::make_unique<ops::Relu>(), {graph.add_input("image", {1, 1, 2, 2})}, "relu"));
  infer_shapes(graph);
  mark_checkpoints(graph);
  export_model(graph, dir.path() / "small.onnx");
  replace("03_preprocess", dir.path() / "small.onnx");
  expect_repaired("03_preprocess", "image 0: images of 48 values do not fit", before);
  write_file(dir.path() / "no.onnx", "no network");
  replace("03_preprocess", dir.path() / "no.onnx");
  expect_repaired("03_preprocess", "", before);
}

TEST_F(KeptStage, AStageWithRealsInThePlaceOfIntegersIsNoticed) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  replace("16_fifos", file("04_postprocess"));
  expect_repaired("16_fifos", "", before);
}

TEST_F(KeptStage, EffectOfAnApproximateStageIsMeasuredAgain) {
  const std::vector<std::string> more = {"--preprocess", "normalize", "--input-bits", "4"};
  ASSERT_EQ(run(more).code, 0);
  const auto before = run_results(out);
  EXPECT_THAT(run(more).err, HasSubstr("05_quantize_input: complete, kept; 7 of 7"));
  const std::string stage = "05_quantize_input";
  forge_report(report(stage), [](Json& r) { r["effect"]["changed"] = 0; });
  expect_repaired(stage, "its report says /effect/changed 0", before, more);
  forge_report(report(stage), [](Json& r) { r["effect"] = nullptr; });
  expect_repaired(stage, "its report says /effect null", before, more);
  // The stages behind it are held against it, not against the model.
  forge_report(report("06_absorb_scales"), [](Json& r) { r["compared"] = 1; });
  expect_repaired("06_absorb_scales", "its report says /compared 1", before, more);
}

TEST_F(KeptStage, OfAKilledRunIsProvedAsWell) {
  ASSERT_EQ(run().code, 0);
  const auto before = run_results(out);
  fs::remove(out / "reports/run.json");
  fs::remove(report("16_fifos"));
  forge_report(report("07_tail"), [](Json& r) { r["differing"] = 7; });
  expect_repaired("07_tail", "its report says /differing 7", before);
}

TEST(SampledImages, AreAllOfFewAndSpreadOverMany) {
  EXPECT_THAT(sampled_images(1, sha256("a")), ElementsAre(0));
  EXPECT_THAT(sampled_images(4, sha256("a")), ElementsAre(0, 1, 2, 3));
  const std::vector<std::int64_t> some = sampled_images(1000, sha256("a"));
  EXPECT_EQ(some.size(), 4U);
  EXPECT_EQ(some.front(), 0);
  EXPECT_EQ(some.back(), 999);
  EXPECT_EQ(sampled_images(1000, sha256("a")), some);
  EXPECT_NE(sampled_images(1000, sha256("b")), some);
}

/// A wrong network that hides on the first image and the last: the sample is not these alone.
TEST(SampledImages, ReachBetweenTheEnds) {
  int between = 0;
  for (int i = 0; i < 100; ++i) {
    const auto images = sampled_images(10, sha256(std::to_string(i)));
    for (const std::int64_t image : images) between += image > 0 && image < 9 ? 1 : 0;
  }
  EXPECT_GE(between, 190);
}

TEST(SampleStage, SaysWhatAWholeCheckSays) {
  const Graph network = pixel_graph(tiny_network(), Preprocess({}));
  const ChosenImages images = choose_images({.data = {}, .images = "9"}, network);
  Reference reference(network, images);
  std::ostringstream out, err;
  const Console console{out, err, false, true};
  const StageCheck whole = check_stage(reference, network, 2, console, "whole");
  const StageCheck sample = sample_stage(reference, network, 2, {0, 5, 8}, false);
  EXPECT_EQ(to_json(comparison_report(sample)), to_json(comparison_report(whole)));
  EXPECT_EQ(to_json(report::Accuracies{accuracy_summary(sample.accuracy), {}}),
            to_json(report::Accuracies{accuracy_summary(whole.accuracy), {}}));
  // Of a network that differs it is said.
  const Graph other = pixel_graph(tiny_network({.first_weight = -0.5F}), Preprocess({}));
  EXPECT_EQ(sample_stage(reference, other, 2, {0, 5, 8}, false).judgement.verdict,
            Verdict::kDifferent);
  // And of one that lacks what is required.
  Graph silent = network;
  drop_checkpoint(silent, "act2");
  EXPECT_EQ(sample_stage(reference, silent, 2, {0, 5, 8}, false).judgement.verdict,
            Verdict::kInconclusive);
}

}  // namespace
}  // namespace assay
