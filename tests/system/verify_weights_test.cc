// SPDX-License-Identifier: Apache-2.0
// Another training of a network in the hardware of a run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/base/file.h"
#include "compile/onnx/import.h"
#include "golden/data/npy.h"
#include "harness/integer_network.h"
#include "harness/report/schema.h"
#include "harness/run_command.h"
#include "support/kept_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A small residual network with run-time weights, simulated to its stitched RTL.
class VerifyWeights : public ::testing::Test {
 protected:
  VerifyWeights() {
    testing::fill_from_kept(dir_.path(), "weights", [](const fs::path& made) {
      succeed({"run", save_integer_network(made / "net.onnx").string(), "--runtime-weights",
               "--images", "6", "--target-cycles", "512", "--out", (made / "out").string()});
    });
  }

  CommandResult weights(const fs::path& from, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        "weights", out_.string(), "--from", from.string(), "--out", (dir_.path() / "new").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// A model as `change` leaves the network.
  fs::path changed(const std::function<void(Graph&)>& change) const {
    Graph graph = integer_network(2);
    const std::string before = to_text(graph);
    change(graph);
    EXPECT_NE(to_text(graph), before);
    export_model(graph, dir_.path() / "changed.onnx");
    return dir_.path() / "changed.onnx";
  }
  static bool is_weight(const Node& node, const Shape& shape) {
    return node.as<ops::Quant>() && node.inputs[0]->is_constant() && node.inputs[0]->shape == shape;
  }
  fs::path other() const { return save_integer_network(dir_.path() / "other.onnx", 2); }

  TempDir dir_;
  fs::path out_ = dir_.path() / "out";
};

TEST_F(VerifyWeights, ARunningAcceleratorTakesThem) {
  const CommandResult result = weights(other(), {"--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json report = result.json();
  EXPECT_THAT(schema_violations(report), IsEmpty());
  EXPECT_EQ(report["verdict"], "EQUIVALENT") << report["reason"];
  EXPECT_EQ(report["runs"].size(), 2U);
  std::int64_t changes = 0, words = 0;
  for (const Json& store : report["stores"]) {
    changes += store["changed"].get<std::int64_t>();
    words += store["words"].get<std::int64_t>() * store["columns"].get<std::int64_t>();
  }
  EXPECT_GT(changes, 0);
  EXPECT_GT(report["told_apart"], 0);
  for (const Json& run : report["runs"]) {
    // Twelve frames of one label; all words are read before and after.
    EXPECT_EQ(run["predicted"], 12);
    EXPECT_EQ(run["compared"], 12);
    EXPECT_EQ(run["words_compared"], 2 * words);
    EXPECT_EQ(run["before"].get<int>() + run["after"].get<int>(), 12);
    EXPECT_GT(run["before"], 0);
    EXPECT_GT(run["after"], 0);
  }
  EXPECT_EQ(report["canaries"]["caught"], report["canaries"]["planted"]);
  // What a host writes.
  const NpyArray file = read_npy(dir_.path() / "new/weights.npy");
  EXPECT_EQ(file.shape, std::vector<std::int64_t>{words});
  const Json map = Json::parse(read_file(dir_.path() / "new/weights.json"));
  EXPECT_EQ(map["content_hash"], report["content_hash"]);
  EXPECT_EQ(map["words"], words);
  // Both folders are whole.
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
  EXPECT_EQ(run_assay({"show", (dir_.path() / "new").string(), "--check"}).code, 0);
}

TEST_F(VerifyWeights, TheSameWeightsShowNothing) {
  const CommandResult result = weights(dir_.path() / "net.onnx");
  EXPECT_EQ(result.code, 3) << result.out;
  EXPECT_THAT(result.out, HasSubstr("no image tells the trainings apart"));
}

TEST_F(VerifyWeights, AnotherNetworkIsRefusedByLayer) {
  // Weights of another type.
  const CommandResult wide = weights(changed([](Graph& graph) {
    for (const auto& node : graph.nodes())
      if (is_weight(*node, {2, 2, 1, 1}))
        graph.set_input(node.get(), 3,
                        graph.add_constant("more", Constant(Shape{}, std::vector<float>{5})));
  }));
  EXPECT_EQ(wide.code, 2);
  EXPECT_THAT(wide.err, AllOf(HasSubstr("Conv_1"), HasSubstr("INT3"), HasSubstr("INT5")));
  // Another shape: 5 labels.
  EXPECT_THAT(weights(other()).err, HasSubstr("give --replace"));
  const CommandResult more = weights(
      changed([](Graph& graph) {
        for (const auto& node : graph.nodes())
          if (is_weight(*node, {32, 3}))
            graph.set_input(
                node.get(), 0,
                graph.add_constant("w5", Constant(Shape{32, 5}, std::vector<float>(160, 0.25F))));
        for (const auto& tensor : graph.tensors())
          if (!tensor->is_constant() && !graph.is_input(tensor.get())) tensor->shape.reset();
        infer_shapes(graph);
      }),
      {"--replace"});
  EXPECT_EQ(more.code, 2);
  EXPECT_THAT(more.err, AllOf(HasSubstr("MatMul_0"), HasSubstr("weights of another network")));
}

TEST_F(VerifyWeights, AProjectForVivadoConnectsThem) {
  const CommandResult result = run_assay({"build", out_.string(), "--target", "Pynq-Z1", "--json"});
  const Json report = result.json();
  for (const Json& check : report["checks"]) EXPECT_NE(check["verdict"], "DIFFERENT") << check;
  EXPECT_EQ(report["weights"]["port"], "s_axi_weights");
  EXPECT_EQ(report["weights"]["base"], 0x40020000);
  const Json driver = Json::parse(read_file(out_ / "build/Pynq-Z1/driver/accelerator.json"));
  EXPECT_EQ(driver["weights"]["address"], 0x40020000);
  EXPECT_EQ(driver["weights"]["stores"].size(), report["weights"]["memories"]);
  EXPECT_THAT(read_file(out_ / "build/Pynq-Z1/host/accelerator.h"),
              HasSubstr("assay_streams, &assay_runtime_weights}"));
  EXPECT_EQ(run_assay({"show", out_.string(), "--check"}).code, 0);
}

TEST_F(VerifyWeights, ACardIsAKernelOfItsHost) {
  const CommandResult result = run_assay({"build", out_.string(), "--target", "U250"});
  EXPECT_EQ(result.code, 3) << result.err;  // without Vivado
  EXPECT_THAT(result.out, HasSubstr("\nrun-time weights: "));
  EXPECT_THAT(result.out, HasSubstr("link        EQUIVALENT"));
  EXPECT_THAT(read_file(out_ / "build/U250/host/accelerator.h"),
              HasSubstr("&assay_runtime_weights}"));
}

TEST_F(VerifyWeights, RefusesWhatItCannotDo) {
  EXPECT_THAT(weights(dir_.path() / "none.onnx").err, HasSubstr("none.onnx"));
  EXPECT_EQ(weights(dir_.path() / "none.onnx").code, 2);
  // A run without run-time weights.
  const fs::path plain = dir_.path() / "plain";
  succeed(small_run(dir_.path() / "net.onnx", plain));
  const CommandResult result = run_assay({"weights", plain.string(), "--from", other().string(),
                                          "--out", (dir_.path() / "nothing").string()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("begin a run with --runtime-weights"));
  EXPECT_FALSE(fs::exists(dir_.path() / "nothing"));
  // RTL that is not what was verified.
  const fs::path top = out_ / "rtl/top/accelerator.sv";
  write_file(top, read_file(top) + "// edited\n");
  EXPECT_EQ(weights(other()).code, 2);
}

}  // namespace
}  // namespace assay
