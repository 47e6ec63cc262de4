// SPDX-License-Identifier: Apache-2.0
#include "harness/query/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "golden/data/npy.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// [1,1,2,2] bytes / 255 -> Quant of 8 bits with scale 1/4 -> Conv 1x1 to three channels with the weights
/// -1, 1/2 and 1: a map. Pixels are 0 or 255, so the quantised input is 0 or 1.
Graph map_network() {
  QuantisedBuilder b;
  b.graph.name = "map";
  Tensor* x = b.quant(b.graph.add_input("image", {1, 1, 2, 2}), "act", 0.25F, 8, false);
  Tensor* w = b.quant(
      b.graph.add_constant("w", Constant(Shape{3, 1, 1, 1}, std::vector<float>{-1, 0.5F, 1})),
      "weights", 0.5F, 4, true);
  Tensor* y = b.conv(x, w, 1, 0);
  y->name = "map_out";
  b.graph.add_output(y);
  infer_shapes(b.graph);
  mark_checkpoints(b.graph);
  b.graph.sort();
  verify(b.graph);
  return std::move(b.graph);
}

class AgainstTargets : public ::testing::Test {
 protected:
  AgainstTargets() {
    export_model(map_network(), dir.path() / "map.onnx");
    save<std::uint8_t>("x.npy", {2, 1, 2, 2}, {0, 255, 255, 0, 255, 255, 0, 0});
  }
  template <typename T>
  std::string save(const std::string& name, Shape shape, const std::vector<T>& values) const {
    write_npy(dir.path() / name, make_npy<T>(std::move(shape), values));
    return (dir.path() / name).string();
  }
  CommandResult accuracy(const std::string& targets, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"accuracy",  (dir.path() / "map.onnx").string(),
                                          "--data",    (dir.path() / "x.npy").string(),
                                          "--targets", targets};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  TempDir dir;
};

TEST_F(AgainstTargets, RealsHaveErrorsAndAPeakToNoise) {
  // What it gives where a pixel is white: -1, 1/2, 1. One element of 24 is off by 1/2, one by 1/4.
  std::vector<float> targets = {0,  -1, -1, 0, 0,    0.5F, 0.5F, 0, 0, 1, 1, 0,
                                -1, -1, 0,  0, 0.5F, 0.5F, 0,    0, 1, 1, 0, 0};
  targets[3] += 0.5F;
  targets[20] -= 0.25F;
  const Json report = accuracy(save("y.npy", {2, 3, 2, 2}, targets), {"--json"}).json();
  const Json& network = report.at("networks").at(0);
  for (const char* mode : {"exact_outputs", "float_outputs"}) {
    const Json& output = network.at(mode).at(0);
    EXPECT_EQ(output.at("compared"), 24) << mode;
    EXPECT_EQ(output.at("predicted"), 24);
    EXPECT_DOUBLE_EQ(output.at("mean_error"), 0.75 / 24);
    EXPECT_DOUBLE_EQ(output.at("rms_error"), std::sqrt(0.3125 / 24));
    EXPECT_DOUBLE_EQ(output.at("largest_error"), 0.5);
    EXPECT_DOUBLE_EQ(output.at("psnr"), 10 * std::log10(4 / (0.3125 / 24)));  // -1 to 1
  }
  const CommandResult text = accuracy((dir.path() / "y.npy").string());
  EXPECT_THAT(text.out, HasSubstr("24 of 24"));
  EXPECT_THAT(text.out, HasSubstr("24.87 dB"));
}

TEST_F(AgainstTargets, IntegersAreTheClassOfEachPlace) {
  // Black places have three equal channels: the first. White ones the last. One of eight is wrong.
  const std::string y = save<std::int64_t>("y.npy", {2, 2, 2}, {0, 2, 2, 0, 2, 1, 0, 0});
  const Json report = accuracy(y, {"--json", "--exact"}).json();
  const Json& output = report.at("networks").at(0).at("exact_outputs").at(0);
  EXPECT_EQ(output.at("compared"), 8);
  EXPECT_EQ(output.at("correct"), 7);
  EXPECT_THAT(accuracy(y).out, HasSubstr("87.50 %"));
}

TEST_F(AgainstTargets, ImagesOfARangeHaveTheirOwn) {
  const std::string y = save<std::int64_t>("y.npy", {2, 2, 2}, {1, 1, 1, 1, 2, 2, 0, 0});
  const Json report = accuracy(y, {"--json", "--exact", "--images", "1:2"}).json();
  const Json& output = report.at("networks").at(0).at("exact_outputs").at(0);
  EXPECT_EQ(output.at("compared"), 4);
  EXPECT_EQ(output.at("correct"), 4);
}

TEST_F(AgainstTargets, ARunsStagesAreAllMeasured) {
  const std::string out = (dir.path() / "out").string();
  const CommandResult run =
      run_assay({"run", (dir.path() / "map.onnx").string(), "--data",
                 (dir.path() / "x.npy").string(), "--out", out, "--until", "fifos"});
  ASSERT_EQ(run.code, 0) << run.out << run.err;
  const std::string y = save<std::int64_t>("y.npy", {2, 2, 2}, {0, 2, 2, 0, 2, 1, 0, 0});
  const Json report = run_assay({"accuracy", out, "--targets", y, "--json"}).json();
  EXPECT_GT(report.at("networks").size(), 8U);
  for (const Json& network : report.at("networks"))
    EXPECT_EQ(network.at("exact_outputs").at(0).at("correct"), 7) << network;
}

TEST_F(AgainstTargets, ThatDoNotFitAreRefused) {
  const auto error = [&](const std::string& targets, std::vector<std::string> more = {}) {
    const CommandResult result = accuracy(targets, std::move(more));
    EXPECT_EQ(result.code, 2) << result.out;
    return result.err;
  };
  EXPECT_THAT(error(save<float>("y.npy", {2, 2, 2}, std::vector<float>(8))),
              HasSubstr("are [2,2] for an image, but the output is [1,3,2,2]"));
  EXPECT_THAT(error(save<std::int64_t>("y.npy", {1, 2, 2}, std::vector<std::int64_t>(4))),
              HasSubstr("for 1 images, but 2 were asked for"));
  EXPECT_THAT(error(save<float>("y.npy", {2, 3, 2, 2}, std::vector<float>(24, NAN))),
              HasSubstr("a target of nan"));
  EXPECT_THAT(error(save<float>("y.npy", {3, 3, 2, 2}, std::vector<float>(36))),
              HasSubstr("for 3 images, but 'npy x.npy' holds 2; give those of these images"));
  EXPECT_THAT(error(save<float>("y.npy", {3, 3, 2, 2}, std::vector<float>(36)), {"--images", "1"}),
              HasSubstr("for 3 images, but 'npy x.npy' holds 2"));
  EXPECT_THAT(error(save<double>("y.npy", {2, 3, 2, 2}, std::vector<double>(24, 1e200))),
              HasSubstr("image 0: output 'map_out': an output of 0 with a target of 1e+200 makes "
                        "squares beyond float64"));
  EXPECT_THAT(error(save<std::int64_t>("y.npy", {2, 2, 2}, {0, 2, 2, 0, 2, 3, 0, 0})),
              HasSubstr("hold class 3, but the output has 3 channels"));
  EXPECT_THAT(error((dir.path() / "none.npy").string()), HasSubstr("none.npy"));
  EXPECT_THAT(error("y.npy", {"--save-images", "wrong"}), HasSubstr("goes without --save-images"));
  const CommandResult none = run_assay(
      {"accuracy", (dir.path() / "map.onnx").string(), "--data", (dir.path() / "x.npy").string()});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("give --targets with what the outputs should be"));
}

TEST_F(AgainstTargets, OutputsThatTheHostMakesAreNotCompared) {
  Graph graph = map_network();
  graph.mutable_outputs() = {
      graph.add(std::make_unique<ops::Sigmoid>(), {graph.outputs()[0]}, "mask")};
  infer_shapes(graph);
  graph.checkpoints().clear();
  mark_checkpoints(graph);
  export_model(graph, dir.path() / "map.onnx");
  const CommandResult result =
      accuracy(save<float>("y.npy", {2, 3, 2, 2}, std::vector<float>(24, 0.5F)));
  EXPECT_EQ(result.code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("is made on the host of what the accelerator puts out"));
}

}  // namespace
}  // namespace assay
