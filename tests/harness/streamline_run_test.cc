// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "harness/integer_network.h"
#include "harness/report/console.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// A folder with a small network that becomes integer.
class Streamline : public ::testing::Test {
 protected:
  CommandResult run(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"run", model.string(), "--images",
                                          "6",   "--out",        out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult explain(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"explain", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult bisect() const { return run_assay({"bisect", out.string(), "--json"}); }
  Json report(const std::string& name) const {
    return Json::parse(read_file(out / "reports" / (name + ".json")));
  }
  static std::vector<std::string> names(const Json& run) {
    std::vector<std::string> list;
    for (const Json& stage : run.at("stages")) list.push_back(stage.at("stage"));
    return list;
  }
  /// Raises the thresholds of the first row of the first MultiThreshold of a saved stage out of
  /// reach, and returns the node's name.
  std::string raise_thresholds(const std::string& stage) const {
    const fs::path file = out / "stages" / (stage + ".onnx");
    Graph graph = import_model(file);
    for (const auto& node : graph.nodes()) {
      if (!node->as<ops::MultiThreshold>()) continue;
      Tensor* thresholds = node->inputs[1];
      std::vector<std::int64_t> values;
      for (std::int64_t i = 0; i < thresholds->constant->size(); ++i)
        values.push_back(static_cast<std::int64_t>(thresholds->constant->real(i).to_double()));
      for (std::int64_t i = 0; i < thresholds->constant->shape().back(); ++i)
        values[static_cast<std::size_t>(i)] = 100000;
      thresholds->constant = Constant(thresholds->constant->shape(), values);
      thresholds->dtype = DataType::sint(32);
      export_model(graph, file);
      return node->name;
    }
    return {};
  }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Streamline, TakesANetworkThroughAllStagesToIntegers) {
  const CommandResult result = run({"--json"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = result.json();
  EXPECT_EQ(names(json),
            (std::vector<std::string>{"01_import", "02_cleanup", "03_preprocess", "04_postprocess",
                                      "05_absorb_scales", "06_residual_sums", "07_tail", "08_lower",
                                      "09_xnor", "10_widths", "11_hw_layers", "12_partition",
                                      "13_specialize", "14_fold", "15_converters", "16_fifos"}));
  for (const Json& stage : json["stages"]) {
    EXPECT_EQ(stage["verdict"], "EQUIVALENT") << stage;
    EXPECT_EQ(stage["reference"], "model");
    EXPECT_TRUE(stage["effect"].is_null());
  }
  EXPECT_TRUE(json["approximate"].empty());
  const Graph last = import_model(out / "stages/10_widths.onnx");
  EXPECT_EQ(last.inputs()[0]->layout, Layout::kNHWC);
}

TEST_F(Streamline, ReportsEveryQuantiserOnceAndSaysThatNothingRealIsLeft) {
  ASSERT_EQ(run().code, 0);
  const Json streamline = report("streamline");
  EXPECT_EQ(schema_violations(streamline), std::vector<std::string>{});
  EXPECT_EQ(streamline["integer"], true);
  EXPECT_EQ(streamline["stages"].size(), 12U);
  std::map<std::string, std::string> forms;
  for (const Json& q : streamline["quantisers"]) forms[q["checkpoint"]] = q["form"];
  EXPECT_EQ(forms["act1"], "plain");
  EXPECT_THAT(forms["sum"], ::testing::AnyOf("table", "line"));
  std::size_t listed = 0;
  for (const char* stage :
       {"05_absorb_scales", "06_residual_sums", "07_tail", "08_lower", "09_xnor", "10_widths",
        "11_hw_layers", "12_partition", "13_specialize", "14_fold", "15_converters", "16_fifos"})
    listed += report(stage)["streamline"]["quantisers"].size();
  EXPECT_EQ(streamline["quantisers"].size(), listed);
  EXPECT_FALSE(streamline["widths"].empty());
}

TEST_F(Streamline, LeavesTheSameSummaryWhenStagesAreKept) {
  ASSERT_EQ(run().code, 0);
  const std::string before = read_file(out / "reports/streamline.json");
  fs::remove(out / "reports/08_lower.json");
  fs::remove(out / "reports/streamline.json");
  const CommandResult again = run();
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("06_residual_sums: complete, kept"));
  EXPECT_EQ(read_file(out / "reports/streamline.json"), before);
}

TEST_F(Streamline, LeavesNoSummaryBeforeTheFirstOfItsStages) {
  ASSERT_EQ(run().code, 0);
  ASSERT_EQ(run({"--until", "postprocess"}).code, 0);
  EXPECT_FALSE(fs::exists(out / "reports/streamline.json"));
  EXPECT_FALSE(fs::exists(out / "stages/10_widths.onnx"));
  const CommandResult result = explain();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("assay run MODEL --out"));
  ASSERT_EQ(run({"--until", "residual_sums"}).code, 0);
  EXPECT_EQ(report("streamline")["integer"], false);
  EXPECT_THAT(explain().out, HasSubstr("Real numbers are left"));
}

TEST_F(Streamline, BisectLocatesRaisedThresholds) {
  ASSERT_EQ(run().code, 0);
  EXPECT_EQ(bisect().code, 0);
  for (const std::string stage : {"09_xnor", "05_absorb_scales"}) {
    const std::string node = raise_thresholds(stage);
    ASSERT_NE(node, "") << stage;
    const CommandResult result = bisect();
    EXPECT_EQ(result.code, 1) << result.err;
    const Json json = result.json();
    EXPECT_EQ(json["first_stage"], stage);
    EXPECT_EQ(json["first_difference"]["node"], node);
    EXPECT_EQ(json["first_difference"]["channel"], 0);
  }
}

TEST_F(Streamline, LowerNetworksCanBeComparedAndMeasured) {
  ASSERT_EQ(run().code, 0);
  const std::string lowered = (out / "stages/10_widths.onnx").string();
  for (const auto& [a, b] : {std::pair{model.string(), lowered}, std::pair{lowered, lowered}}) {
    const CommandResult result = run_assay({"compare", a, b, "--images", "6"});
    EXPECT_EQ(result.code, 0) << result.out;
  }
  const CommandResult accuracy = run_assay({"accuracy", out.string(), "--json"});
  ASSERT_EQ(accuracy.code, 0) << accuracy.err;
  for (const Json& network : accuracy.json()["networks"]) {
    EXPECT_EQ(network["exact"]["top1_correct"],
              accuracy.json()["networks"][0]["exact"]["top1_correct"]);
  }
  EXPECT_EQ(run_assay({"show", lowered}).code, 0);
}

TEST_F(Streamline, ExplainShowsAllQuantisersAndEachOne) {
  ASSERT_EQ(run().code, 0);
  const CommandResult all = explain();
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("margin"));
  EXPECT_THAT(all.out, HasSubstr("Every tensor is integer."));
  EXPECT_EQ(explain({"--json"}).json()["schema"], "assay.streamline/1");
  const CommandResult sum = explain({"sum"});
  EXPECT_EQ(sum.code, 0) << sum.err;
  EXPECT_THAT(sum.out, HasSubstr("checkpoint    'sum'"));
  EXPECT_THAT(sum.out, HasSubstr("thresholds of JoinThreshold"));
  const Json json = explain({"sum", "--json"}).json();
  EXPECT_EQ(json["places"].size(), 16U);
  EXPECT_EQ(json["thresholds"]["stage"], "10_widths");
  EXPECT_FALSE(json["thresholds"]["first_rows"].empty());
  const Json before = json["quantisers"][0]["node"];
  const CommandResult node = explain({before.get<std::string>()});
  EXPECT_EQ(node.code, 0) << node.err;
  EXPECT_THAT(node.out, HasSubstr("became"));
}

TEST_F(Streamline, ExplainSuggestsNamesNearAnUnknownOne) {
  ASSERT_EQ(run().code, 0);
  const CommandResult result = explain({"ac1"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("similar names: 'act1'"));
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(run_assay({"explain", (dir.path() / "nowhere").string()}).code, 2);
}

TEST_F(Streamline, RefusesOptionsOutOfRangeAndWritesNothing) {
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--input-bits", "1"},
                                             {"--input-bits", "17"},
                                             {"--input-weight-bits", "0"},
                                             {"--scale-bits", "1"},
                                             {"--join-budget", "0"},
                                             {"--join-bits", "-1"},
                                             {"--until", "99_tail"}}) {
    EXPECT_EQ(run(more).code, 2) << more[0];
    EXPECT_FALSE(fs::exists(out));
  }
}

TEST_F(Streamline, MarksANormalisedInputApproximateAndComparesTheRestWithIt) {
  const CommandResult result = run({"--preprocess", "normalize", "--input-bits", "3", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["verdict"], "APPROXIMATE");
  EXPECT_EQ(json["approximate"], Json({"05_quantize_input"}));
  EXPECT_THAT(json["reason"].get<std::string>(), HasSubstr("approximate: stage 05_quantize_input"));
  ASSERT_EQ(json["stages"].size(), 17U);
  const Json stage = json["stages"][4];
  EXPECT_EQ(stage["contract"], "approximate");
  EXPECT_EQ(stage["verdict"], "APPROXIMATE");
  EXPECT_EQ(stage["reference"], "model");
  EXPECT_EQ(stage["effect"]["activations"], 6 * (32 + 32));
  EXPECT_GT(stage["effect"]["changed"], 0);
  EXPECT_EQ(stage["effect"]["labels"], 6);
  EXPECT_FALSE(stage["effect"]["accuracy_before"].is_null());
  EXPECT_EQ(stage["effect"]["accuracy_after"], stage["accuracy"]["exact"]);
  EXPECT_EQ(stage["canaries"]["caught"], stage["canaries"]["planted"]);
  for (std::size_t i = 5; i < 11; ++i) {
    EXPECT_EQ(json["stages"][i]["reference"], "05_quantize_input");
    EXPECT_EQ(json["stages"][i]["verdict"], "EQUIVALENT");
  }
  const CommandResult table = run({"--preprocess", "normalize", "--input-bits", "3"});
  EXPECT_THAT(table.err, HasSubstr("10_xnor: complete, kept"));
  EXPECT_THAT(table.out, HasSubstr("APPROXIMATE: stage 05_quantize_input changed"));
  EXPECT_THAT(table.out, HasSubstr("\nAPPROXIMATE: all "));
  EXPECT_THAT(run_assay({"show", out.string()}).out, HasSubstr("APPROXIMATE: stage 05_quantize"));
}

TEST_F(Streamline, KeepsNormalisedPixelsExactWithinTheBudgetOfWeightBits) {
  const CommandResult exact = run({"--preprocess", "normalize", "--json"});
  ASSERT_EQ(exact.code, 0) << exact.err;
  EXPECT_EQ(exact.json()["approximate"], Json::array());
  EXPECT_THAT(exact.err, Not(HasSubstr("APPROXIMATE")));
  const Json units = report("streamline")["units"];
  ASSERT_EQ(units.size(), 1U);
  EXPECT_EQ(units[0]["taken"], true);
  EXPECT_EQ(units[0]["stage"], "05_absorb_scales");
  EXPECT_THAT(run_assay({"explain", out.string()}).out, HasSubstr("product of several scales"));

  const CommandResult tight =
      run({"--preprocess", "normalize", "--input-weight-bits", "4", "--json"});
  ASSERT_EQ(tight.code, 0) << tight.err;
  EXPECT_EQ(tight.json()["approximate"], Json({"05_quantize_input"}));
  const Json remarks = report("streamline")["remarks"];
  EXPECT_THAT(remarks[0]["text"].get<std::string>(), HasSubstr("--input-weight-bits allows 4"));
}

TEST_F(Streamline, BisectComparesBehindAnApproximateStageWithThatStage) {
  ASSERT_EQ(run({"--preprocess", "normalize", "--input-bits", "3"}).code, 0);
  const CommandResult sound = bisect();
  EXPECT_EQ(sound.code, 0) << sound.err;
  EXPECT_EQ(sound.json()["verdict"], "APPROXIMATE");
  EXPECT_EQ(sound.json()["stages"][4]["verdict"], "APPROXIMATE");
  EXPECT_EQ(sound.json()["stages"][5]["reference"], "05_quantize_input");
  raise_thresholds("08_tail");
  const CommandResult result = bisect();
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.json()["first_stage"], "08_tail");
  fs::copy_file(out / "stages/04_postprocess.onnx", out / "stages/05_quantize_input.onnx",
                fs::copy_options::overwrite_existing);
  const CommandResult edited = bisect();
  EXPECT_EQ(edited.code, 3);
  EXPECT_EQ(edited.json()["first_stage"], "05_quantize_input");
}

TEST_F(Streamline, RemovesStagesThatAnEarlierRunNumberedOtherwise) {
  ASSERT_EQ(run({"--preprocess", "normalize", "--input-bits", "8"}).code, 0);
  EXPECT_TRUE(fs::exists(out / "stages/06_absorb_scales.onnx"));
  ASSERT_EQ(run().code, 0);
  EXPECT_FALSE(fs::exists(out / "stages/05_quantize_input.onnx"));
  EXPECT_FALSE(fs::exists(out / "stages/06_absorb_scales.onnx"));
  EXPECT_FALSE(fs::exists(out / "reports/11_widths.json"));
  EXPECT_TRUE(fs::exists(out / "stages/05_absorb_scales.onnx"));
}

TEST_F(Streamline, CountsWhatTooFewJoinBitsChange) {
  const CommandResult result = run({"--join-bits", "0", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["approximate"], Json({"06_residual_sums"}));
  EXPECT_EQ(json["stages"][5]["verdict"], "APPROXIMATE");
  EXPECT_EQ(json["stages"][6]["reference"], "06_residual_sums");
  EXPECT_EQ(json["inputs"]["options"]["join_bits"], 0);
  EXPECT_EQ(json["verdict"], "APPROXIMATE");
  const Json quantisers = report("streamline")["quantisers"];
  for (const Json& quantiser : quantisers) {
    if (quantiser["inseparable"].is_null() || quantiser["inseparable"] == 0) continue;
    const std::string text = run_assay({"explain", out.string(), quantiser["node"]}).out;
    EXPECT_THAT(text, HasSubstr(fmt::format(
                          "  WRONG         at {} combinations of values of all inputs and "
                          "thresholds (--join-bits)\n",
                          grouped(quantiser["inseparable"].get<std::int64_t>()))));
    return;
  }
  FAIL() << "no join is decided wrongly";
}

TEST_F(Streamline, WhatTheHostComputesIsSaidAtTheEnd) {
  Graph graph = import_model(model);
  auto softmax = std::make_unique<ops::Softmax>();
  softmax->axis = 1;
  graph.mutable_outputs() = {graph.add(std::move(softmax), {graph.outputs()[0]}, "likelihood")};
  infer_shapes(graph);
  export_model(graph, model);
  const CommandResult result = run({"--topk", "0"});
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  const std::string said = "makes output 'likelihood' of what it puts out";
  EXPECT_THAT(result.out, HasSubstr(said));
  EXPECT_EQ(report("run").at("host").at(0).at("output"), "likelihood");
  const Json notes = report("run").at("notes");
  EXPECT_TRUE(std::ranges::any_of(notes, [&](const Json& note) {
    const auto text = note.get<std::string>();
    return text.starts_with("software behind the accelerator: node '") &&
           text.ends_with("(Softmax) " + said + " (host.onnx)");
  })) << notes;
  EXPECT_TRUE(report("run").at("files").contains("host.onnx"));
  const Graph tail = import_model(out / "host.onnx");
  EXPECT_EQ(tail.outputs().at(0)->name, "likelihood");
  EXPECT_EQ(tail.nodes().size(), 1U);
}

TEST_F(Streamline, LogitsBesideProbabilitiesAreNotRanked) {
  Graph graph = import_model(model);
  auto softmax = std::make_unique<ops::Softmax>();
  softmax->axis = 1;
  graph.add_output(graph.add(std::move(softmax), {graph.outputs()[0]}, "likelihood"));
  infer_shapes(graph);
  export_model(graph, model);
  const CommandResult result = run({});
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_EQ(report("run").at("inputs").at("topk"), 0);
  const Graph last = import_model(out / "stages" / (names(report("run")).back() + ".onnx"));
  ASSERT_EQ(last.outputs().size(), 1U);
  EXPECT_NE(last.checkpoints().back().kind, Checkpoint::Kind::kLabel);
}

TEST_F(Streamline, WhatIsMadeOfFunctionsIsLeftToTheHost) {
  QuantisedBuilder b;
  Tensor* x = b.quant(b.graph.add_input("image", {1, 3, 4, 4}), "x", 0.25F, 4, true);
  const auto head = [&](const char* name) {
    return b.conv(x, b.weights(name, {2, 3, 1, 1}, 1), 1, 0);
  };
  auto concat = std::make_unique<ops::Concat>();
  concat->axis = 1;
  Tensor* score = b.graph.add(std::make_unique<ops::Sigmoid>(), {head("score")}, "sure");
  b.graph.add_output(b.graph.add(std::move(concat), {score, head("box")}, "boxes"));
  infer_shapes(b.graph);
  export_model(b.graph, model);
  const CommandResult result = run({});
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.err, HasSubstr("(Concat) at output 'boxes' are left to the host"));
  const Graph tail = import_model(out / "host.onnx");
  EXPECT_EQ(tail.inputs().size(), 2U);
  EXPECT_EQ(tail.outputs().at(0)->name, "boxes");
}

TEST_F(Streamline, RanksOfAMapAreLeftToTheHost) {
  QuantisedBuilder b;
  Tensor* x = b.quant(b.graph.add_input("image", {1, 3, 4, 4}), "x", 0.25F, 4, true);
  Tensor* ranks = b.graph.add_tensor("ranks");
  ranks->container = Container::kInt64;
  auto top = std::make_unique<ops::TopK>();
  top->axis = 1;
  b.graph.add_node(std::move(top),
                   {b.conv(x, b.weights("w", {3, 3, 1, 1}, 1), 1, 0),
                    b.graph.add_constant("k", Constant({1}, std::vector<std::int64_t>{1}))},
                   {nullptr, ranks});
  b.graph.add_output(ranks);
  infer_shapes(b.graph);
  export_model(b.graph, model);
  const CommandResult result = run({"--topk", "0"});
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_EQ(report("run").at("host").at(0).at("output"), "ranks");
  EXPECT_THAT(result.err, HasSubstr("(TopK) at output 'ranks' is left to the host"));
  EXPECT_EQ(run_assay({"lint", model.string()}).code, 0);
}

}  // namespace
}  // namespace assay
