// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/import.h"
#include "golden/data/npy.h"
#include "harness/edited_network.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A finished run of the tiny network on labelled images.
class Bisect : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<std::uint8_t> images, labels;
    for (int i = 0; i < 12 * 48; ++i) images.push_back(static_cast<std::uint8_t>(i * 89 % 251));
    for (int i = 0; i < 12; ++i) labels.push_back(static_cast<std::uint8_t>(i % 3));
    write_npy(dir.path() / "set.npy", make_npy<std::uint8_t>({12, 3, 4, 4}, images));
    write_npy(dir.path() / "set.labels.npy", make_npy<std::uint8_t>({12}, labels));
    const CommandResult result = run_assay(
        {"run", model, "--data", (dir.path() / "set.npy").string(), "--out", out.string()});
    ASSERT_EQ(result.code, 0) << result.err;
  }

  CommandResult bisect(std::vector<std::string> more = {"--json"}) const {
    std::vector<std::string> arguments = {"bisect", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }

  /// Flips the sign of the first weight of the first convolution in a saved stage.
  void flip_weight(const std::string& stage) const {
    const fs::path file = out / "stages" / (stage + ".onnx");
    Graph graph = import_model(file);
    for (const auto& node : graph.nodes()) {
      if (!node->as<ops::Conv>()) continue;
      Tensor* weights = node->inputs[1];
      std::vector<float> values(weights->constant->floats().begin(),
                                weights->constant->floats().end());
      values[0] = -values[0];
      weights->constant = Constant(weights->constant->shape(), values);
    }
    export_model(graph, file);
  }

  TempDir dir;
  std::string model = save_tiny(dir.path() / "tiny.onnx").string();
  fs::path out = dir.path() / "out";
};

TEST_F(Bisect, FindsNothingInASoundRun) {
  const CommandResult result = bisect();
  EXPECT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["stages"].size(), 16U);
  EXPECT_TRUE(json["first_stage"].is_null());
  EXPECT_EQ(json["reference"], model);
}

TEST_F(Bisect, NamesTheStageNodeAndElementOfAFlippedWeightBit) {
  for (const std::string stage : {"04_postprocess", "02_cleanup", "01_import"}) {
    flip_weight(stage);
    const CommandResult result = bisect();
    EXPECT_EQ(result.code, 1) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["verdict"], "DIFFERENT");
    EXPECT_EQ(json["first_stage"], stage);
    EXPECT_EQ(json["first_difference"]["checkpoint"], "act1");
    EXPECT_EQ(json["first_difference"]["channel"], 0);
    EXPECT_TRUE(json["stages"].back()["edited"].get<bool>());
  }
  EXPECT_THAT(bisect({}).out, HasSubstr("first stage: 01_import"));
}

TEST_F(Bisect, NamesWhatAnEditedStageHidesFromTheComparison) {
  const auto wrong_answer = [](Graph& graph) {
    const Node& topk = *graph.outputs()[0]->producer;
    Tensor* values = graph.add_tensor("wrong_values");
    Tensor* label = graph.add_tensor("wrong_label");
    graph.add_node(std::make_unique<ops::TopK>(), {negated(graph, topk.inputs[0]), topk.inputs[1]},
                   {values, label});
    graph.mutable_outputs()[0] = label;
    infer_shapes(graph);
  };
  const auto no_answer = [](Graph& graph) {
    graph.mutable_outputs()[0] = checkpoint_of(graph, "logits").tensor;
    drop_checkpoint(graph, "label");
  };
  const std::vector<std::pair<std::function<void(Graph&)>, std::string>> edits = {
      {wrong_answer, "output 'wrong_label' carries no checkpoint"},
      {no_answer, "required checkpoint 'label' is missing"},
      {[](Graph& g) { drop_checkpoint(g, "label"); }, "required checkpoint 'label' is missing"},
      {[](Graph& g) { drop_checkpoint(g, "act2"); }, "required checkpoint 'act2' is missing"},
      {[](Graph& g) { move_aside(g, "act1"); }, "'act1' is not on the way to an output"},
      {[](Graph& g) { add_wrong_output(g, "logits"); }, "output 'wrong' carries no checkpoint"},
      {keep_input_alone, "required checkpoint 'act1' is missing"}};
  const fs::path file = out / "stages/04_postprocess.onnx";
  const Graph sound = import_model(file);
  for (const auto& [edit, reason] : edits) {
    Graph graph = sound;
    edit(graph);
    export_model(graph, file);
    const CommandResult result = bisect();
    EXPECT_EQ(result.code, 3) << reason << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["first_stage"], "04_postprocess");
    EXPECT_THAT(json["reason"].get<std::string>(), HasSubstr(reason));
    EXPECT_EQ(bisect({"--drop", "50", "--json"}).code, 3) << reason;
  }
}

TEST_F(Bisect, FallsBackOnTheImportStageWithoutTheModel) {
  fs::remove(model);
  flip_weight("03_preprocess");
  const CommandResult result = bisect();
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.json()["first_stage"], "03_preprocess");
  EXPECT_THAT(result.json()["reference"].get<std::string>(), HasSubstr("01_import.onnx"));
}

TEST_F(Bisect, NamesAStageFileThatIsAByteShort) {
  const fs::path file = out / "stages/02_cleanup.onnx";
  std::string bytes = read_file(file);
  bytes.pop_back();
  write_file(file, bytes);
  const CommandResult result = bisect();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("02_cleanup.onnx"));
}

TEST_F(Bisect, FindsTheStageThatLosesAccuracy) {
  const auto correct = [](const Json& stage) {
    return stage["accuracy"]["top1_correct"].get<int>();
  };
  EXPECT_EQ(bisect({"--drop", "0", "--json"}).code, 0);
  flip_weight("03_preprocess");
  const Json plain = bisect().json();
  const int lost = correct(plain["stages"][0]) - correct(plain["stages"][2]);
  const CommandResult result = bisect({"--drop", "0", "--json"});
  EXPECT_EQ(result.code, lost > 0 ? 1 : 0) << lost;
  const double points = 100.0 * lost / 12;
  EXPECT_EQ(bisect({"--drop", std::to_string(std::max(0.0, points + 1)), "--json"}).code, 0);
}

TEST_F(Bisect, RefusesAFolderWithoutAFinishedRun) {
  fs::remove(out / "reports/run.json");
  EXPECT_EQ(bisect().code, 2);
  write_file(out / "reports/run.json", "{}");
  EXPECT_EQ(bisect().code, 2);
  write_file(out / "reports/run.json", "not json");
  EXPECT_EQ(bisect().code, 2);
}

TEST_F(Bisect, LetsAccuracyAndShowReadTheRun) {
  const CommandResult accuracy = run_assay({"accuracy", out.string(), "--json"});
  EXPECT_EQ(accuracy.code, 0) << accuracy.err;
  const Json networks = accuracy.json()["networks"];
  ASSERT_EQ(networks.size(), 16U);
  for (const Json& network : networks)
    EXPECT_EQ(network["exact"]["top1"], networks[0]["exact"]["top1"]);
  const CommandResult show = run_assay({"show", out.string(), "--json"});
  EXPECT_EQ(show.code, 0) << show.err;
  EXPECT_EQ(show.json()["run"]["verdict"], "EQUIVALENT");
  EXPECT_THAT(run_assay({"show", out.string()}).out, HasSubstr("04_postprocess"));
}

}  // namespace
}  // namespace assay
