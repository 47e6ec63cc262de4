// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/graph/hw_ops.h"
#include "compile/onnx/import.h"
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
    std::vector<std::string> arguments = {"run",          model.string(), "--images",        "2",
                                          "--out",        out.string(),   "--target-cycles", "64",
                                          "--best-effort"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  Json partition() const {
    const Json report = Json::parse(read_file(out / "reports/fifos.json"));
    EXPECT_THAT(schema_violations(report), IsEmpty());
    EXPECT_EQ(report["partitions"].size(), 1U);
    return report["partitions"][0];
  }
  /// A folding file that gives the reader of every FIFO this depth.
  fs::path folding(std::int64_t depth) const {
    Json file = Json::object();
    const Graph graph = import_model(out / "stages/16_fifos.onnx");
    for (const auto& node : graph.nodes()) {
      if (!node->as<hw::StreamingFIFO>()) continue;
      const Node* reader = node->outputs[0]->consumers.at(0);
      Json& depths = file[reader->name]["inFIFODepths"];
      for (const Tensor* input : reader->inputs)
        if (input && !input->constant) depths.push_back(input == node->outputs[0] ? depth : 0);
    }
    write_file(dir.path() / "folding.json", json_text(file));
    return dir.path() / "folding.json";
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

TEST_F(Fifos, GoWhereTheUserWantsThem) {
  ASSERT_EQ(run().code, 0);
  const std::size_t count = partition()["fifos"].size();
  const CommandResult result = run({"--folding", folding(50).string()});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(partition()["fifos"].size(), count);
  for (const Json& fifo : partition()["fifos"]) EXPECT_EQ(fifo["depth"], 50);
}

TEST_F(Fifos, TooSmallOnesAreRefusedWithWhoWaitsForWhom) {
  ASSERT_EQ(run().code, 0);
  const CommandResult result = run({"--folding", folding(1).string()});
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
                fifo["smaller"]["interval"] > p["interval"])
        << fifo;
}

}  // namespace
}  // namespace assay
