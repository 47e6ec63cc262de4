// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/devices.h"
#include "compile/onnx/import.h"
#include "compile/passes/folding/folding_summary.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streams/insert_width_converters.h"
#include "harness/flow/device_folding.h"
#include "harness/flow/fifos.h"
#include "harness/integer_network.h"
#include "harness/report/schema.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A small residual network as an accelerator whose FIFOs are sized.
class Fifos : public ::testing::Test {
 protected:
  CommandResult run(std::vector<std::string> more = {}) const {
    return run_folded(tap_by_tap(), std::move(more));
  }
  CommandResult run_folded(const Json& folding, std::vector<std::string> more = {}) const {
    const fs::path file = dir.path() / "folding.json";
    write_file(file, json_text(folding));
    std::vector<std::string> arguments = {"run",           model.string(), "--images",        "2",
                                          "--out",         out.string(),   "--target-cycles", "64",
                                          "--best-effort", "--folding",    file.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// Windows come tap by tap, so that they need FIFOs.
  static Json tap_by_tap() { return {{"Defaults", {{"parallel_window", 0}}}}; }
  Json partition() const {
    const Json report = Json::parse(read_file(out / "reports/fifos.json"));
    EXPECT_THAT(schema_violations(report), IsEmpty());
    EXPECT_EQ(report["partitions"].size(), 1U);
    return report["partitions"][0];
  }
  /// A folding that gives the reader of every FIFO this depth.
  Json folding(std::int64_t depth) const {
    Json file = tap_by_tap();
    const Graph graph = import_model(out / "stages/16_fifos.onnx");
    for (const auto& node : graph.nodes()) {
      if (!node->as<hw::StreamingFIFO>()) continue;
      const Node* reader = node->outputs[0]->consumers.at(0);
      Json& depths = file[reader->name]["inFIFODepths"];
      for (const Tensor* input : reader->inputs)
        if (input && !input->constant) depths.push_back(input == node->outputs[0] ? depth : 0);
    }
    return file;
  }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Fifos, AreSizedWithAProofOfTheSchedule) {
  const CommandResult result = run();
  ASSERT_EQ(result.code, 0) << result.err;
  const Json p = partition();
  EXPECT_EQ(p["interval"], p["slowest_layer"]);
  EXPECT_GT(p["frames"], 2);
  EXPECT_GT(p["first_frame_latency"], 0);
  ASSERT_FALSE(p["fifos"].empty());
  for (const Json& fifo : p["fifos"]) {
    EXPECT_LE(fifo["high_water"], fifo["depth"]) << fifo;
    EXPECT_LT(fifo["smaller"]["depth"], fifo["depth"]) << fifo;
    EXPECT_TRUE(fifo["smaller"]["interval"].is_null() ||
                fifo["smaller"]["interval"] > p["slowest_layer"])
        << fifo;
  }
}

/// What layers, converters and FIFOs take when `fold` has folded the layers for a share of a device.
FoldingSummary complete(Graph graph, Pass fold, const PassOptions& options) {
  PassContext context{.options = options};
  fold(graph, context);
  insert_width_converters(graph, context);
  insert_sized_fifos(graph, context);
  return folding_summary(graph, hw::find_device(options.device));
}

TEST_F(Fifos, AreInTheShareOfADevice) {
  ASSERT_EQ(run({"--until", "specialize"}).code, 0);
  const Graph graph = import_model(out / "stages/13_specialize.onnx");
  PassOptions options;
  options.device = "up5k";
  // Of 32 beats, in registers.
  options.folding = {{"MatMul_0", {{"inFIFODepths", std::vector<std::int64_t>{32}}}}};
  const hw::Resources has = hw::find_device(options.device).has;
  const auto beyond = [&](const FoldingSummary& s) {
    return s.estimate.lut * 100 > has.lut * options.device_share ||
           s.estimate.bram * 100 > has.bram * options.device_share;
  };
  int overflowing = 0;
  for (options.device_share = 25; options.device_share <= 70; ++options.device_share) {
    const FoldingSummary alone = complete(graph, set_folding, options),
                         whole = complete(graph, fold_with_fifos, options);
    EXPECT_FALSE(beyond(whole)) << options.device_share;
    if (beyond(alone)) {
      ++overflowing;
      EXPECT_GE(whole.interval, alone.interval) << options.device_share;
    } else {
      EXPECT_EQ(whole.estimate, alone.estimate) << options.device_share;
    }
  }
  EXPECT_GT(overflowing, 0);
}

TEST_F(Fifos, GoWhereTheUserWantsThem) {
  ASSERT_EQ(run().code, 0);
  const std::size_t count = partition()["fifos"].size();
  const CommandResult result = run_folded(folding(50));
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(partition()["fifos"].size(), count);
  for (const Json& fifo : partition()["fifos"]) EXPECT_EQ(fifo["depth"], 50);
}

TEST_F(Fifos, TooSmallOnesAreRefusedWithWhoWaitsForWhom) {
  ASSERT_EQ(run().code, 0);
  const CommandResult result = run_folded(folding(1));
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("the accelerator stops: '"));
  EXPECT_THAT(result.err, HasSubstr("waits for room in '"));
  EXPECT_THAT(result.err, HasSubstr("waits for a beat"));
  EXPECT_THAT(result.err, HasSubstr("enlarge the FIFOs"));
}

TEST_F(Fifos, MayBeSizedForASlowerAccelerator) {
  ASSERT_EQ(run().code, 0);
  const Json fast = partition();
  ASSERT_EQ(run({"--fifo-interval", "1000"}).code, 0);
  EXPECT_LE(partition()["interval"], 1000);
  EXPECT_LE(partition()["fifos"].size(), fast["fifos"].size());
}

/// The what-ifs of an earlier run are taken over where the rest is found again.
TEST_F(Fifos, WhatIfsAreAStepWhoseResultIsKept) {
  const auto kept = [&] {
    const Json timing = Json::parse(read_file(out / "reports/timing.json"));
    EXPECT_EQ(timing["steps"][0]["stage"], "what-ifs of FIFOs");
    return timing["steps"][0]["resumed"].get<bool>();
  };
  ASSERT_EQ(run().code, 0);
  EXPECT_FALSE(kept());
  const fs::path file = out / "reports/fifos.json";
  const std::string before = read_file(file);
  const CommandResult again = run();
  EXPECT_THAT(again.out, HasSubstr("what-ifs of FIFOs: kept"));
  EXPECT_TRUE(kept());
  EXPECT_EQ(read_file(file), before);
  const auto fifo = [](Json& r) -> Json& { return r["partitions"][0]["fifos"].back(); };
  const std::vector<std::function<void(Json&)>> edits = {
      [&](Json& r) { fifo(r)["smaller"]["interval"] = 99999; },  // one that is looked at again
      [&](Json& r) { fifo(r)["high_water"] = 0; },
      [&](Json& r) { fifo(r)["depth"] = 1; },
      [](Json& r) { r["partitions"][0]["interval"] = 1; },
      [](Json& r) { r["partitions"][0]["fifos"].erase(0); },
      [](Json& r) { r["stage_sha256"] = std::string(64, '0'); },
      [](Json& r) { r["assay"]["sha256"] = ""; }};
  for (const auto& edit : edits) {
    forge_report(file, edit);
    ASSERT_EQ(run().code, 0);
    EXPECT_FALSE(kept());
    EXPECT_EQ(read_file(file), before);
  }
  for (Json::size_type i = 0; i < partition()["fifos"].size(); ++i) {
    edit_report(file,
                [&](Json& r) { r["partitions"][0]["fifos"][i]["smaller"]["interval"] = 99999; });
    ASSERT_EQ(run().code, 0);
    EXPECT_EQ(read_file(file), before) << i;
  }
}

/// [1,3,3] -> Quant -> 1x1 convolutions of 1 and of 3 channels -> Quant, Flatten -> Concat -> MatMul:
/// while the Concat waits for the first branch, the second one must take what the fork gives both.
Graph flattened_network() {
  QuantisedBuilder b;
  Tensor* x = b.quant(b.graph.add_input("image", {1, 1, 3, 3}), "x", 1.0F / 255, 8, false);
  std::vector<Tensor*> flat;
  for (const std::int64_t channels : {1, 3}) {
    std::vector<float> weights(static_cast<std::size_t>(channels), 3);
    weights[0] = 2;
    Tensor* w = b.graph.add_constant("w", Constant(Shape{channels, 1, 1, 1}, weights));
    Tensor* y = b.quant(b.conv(x, w, 1, 0), "act", 0.25F, 4, false);
    flat.push_back(b.graph.add(std::make_unique<ops::Flatten>(), {y}, "flat"));
  }
  Tensor* all = b.graph.add(std::make_unique<ops::Concat>(), flat, "all");
  b.graph.add_output(
      b.graph.add(std::make_unique<ops::MatMul>(), {all, b.weights("m", {36, 4}, 2)}, "y"));
  infer_shapes(b.graph);
  mark_checkpoints(b.graph);
  b.graph.sort();
  return std::move(b.graph);
}

/// The interval alone needs fewer beats, with which the RTL stops under bursts.
class FifosUnderStalls : public Fifos {
 protected:
  FifosUnderStalls() { export_model(flattened_network(), model); }
  CommandResult run_flattened(std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"run", model.string(), "--images", "10", "--topk", "0", "--out", out.string()});
    return run_assay(more);
  }
};

TEST_F(FifosUnderStalls, AreDeepEnoughToGoOn) {
  const CommandResult result = run_flattened();
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  const Json p = partition();
  EXPECT_EQ(p["interval"], p["slowest_layer"]);
  EXPECT_TRUE(std::ranges::any_of(p["fifos"], [&](const Json& fifo) {
    return fifo["smaller"]["interval"] == p["interval"] && fifo["smaller"]["stalls_stop"] == true;
  })) << p;
}

/// What is left to be sized makes up for a FIFO that is too small.
TEST_F(FifosUnderStalls, AreRefusedWhereAllAreGivenAndOneIsTooSmall) {
  ASSERT_EQ(run_flattened({"--until", "fifos"}).code, 0);
  ASSERT_EQ(partition()["fifos"].size(), 1U);
  const std::int64_t depth = partition()["fifos"][0]["depth"];
  Json given = Json::parse(read_file(out / "folding.json"));
  const fs::path file = dir.path() / "given.json";
  const auto run_given = [&] {
    write_file(file, json_text(given));
    return run_flattened({"--until", "fifos", "--folding", file.string()});
  };
  EXPECT_EQ(run_given().code, 0);
  for (Json& node : given)
    for (const char* ends : {"inFIFODepths", "outFIFODepths"})
      for (Json& end : node[ends])
        if (end == depth) end = depth - 1;
  const CommandResult result = run_given();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("can stop for ever when its input or output pauses: '"));
  EXPECT_THAT(result.err,
              HasSubstr("' waits for room in 'Flatten_1_out0', 'Concat_0' waits for a beat"));
  EXPECT_THAT(result.err, HasSubstr("enlarge the FIFOs of "));
  EXPECT_THAT(result.err, HasSubstr("'Flatten_1_out0' (14 beats)"));
  EXPECT_THAT(result.err, HasSubstr(", or leave their depths to be chosen"));
}

/// Of several residuals, whose FIFOs matter to each other.
TEST_F(Fifos, OfTheShippedNetworkCannotBeSmaller) {
  const std::string shipped = ASSAY_SOURCE_DIR "/models/resnet8_w4a4/model.qonnx.onnx";
  const CommandResult result = run_assay({"run", shipped, "--images", "1", "--out", out.string(),
                                          "--target-cycles", "4096", "--best-effort"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json p = partition();
  EXPECT_EQ(p["interval"], p["slowest_layer"]);
  EXPECT_GE(p["fifos"].size(), 3U);
  for (const Json& fifo : p["fifos"])
    EXPECT_TRUE(fifo["smaller"]["interval"].is_null() ||
                fifo["smaller"]["interval"] > p["interval"] || fifo["smaller"]["stalls_stop"])
        << fifo;
}

}  // namespace
}  // namespace assay
