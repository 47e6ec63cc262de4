// SPDX-License-Identifier: Apache-2.0
// Drivers that load weights of another training into an accelerator which is simulated.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/build/driver_package.h"
#include "harness/integer_network.h"
#include "harness/run/network.h"
#include "harness/run_command.h"
#include "support/kept_folder.h"
#include "system/driver_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Training {
  int first = 1;                  ///< which weights the first layer has
  float scale = 0.25F, gain = 3;  ///< of the last layer's weights; behind Softmax
  bool softmax = true;            ///< else Sigmoid
};

/// integer_network() with its logits and, behind Softmax and a multiplication, a second output.
fs::path save_training(const fs::path& path, const Training& t) {
  Graph graph = integer_network(t.first);
  for (const auto& node : graph.nodes())
    if (node->as<ops::Quant>() && node->inputs[0]->is_constant() &&
        node->inputs[0]->shape == Shape{32, 3})
      graph.set_input(
          node.get(), 1,
          graph.add_constant("last_scale", Constant(Shape{}, std::vector<float>{t.scale})));
  Tensor* logits = graph.outputs()[0];
  Tensor* x = t.softmax ? graph.add(std::make_unique<ops::Softmax>(), {logits}, "prob")
                        : graph.add(std::make_unique<ops::Sigmoid>(), {logits}, "prob");
  x = graph.add(std::make_unique<ops::Mul>(),
                {x, graph.add_constant("gain", Constant(Shape{}, std::vector<float>{t.gain}))},
                "scaled");
  graph.add_output(x);
  infer_shapes(graph);
  graph.sort();
  export_model(graph, path);
  return path;
}

constexpr Training kOther = {2, 0.3125F, 5, true};

/// integer_network() that ends in Softmax, without it, and the stream that its logits are.
struct Ended {
  Ended() {
    Tensor* logits = left.outputs()[0];
    left.mutable_outputs()[0] = left.add(std::make_unique<ops::Softmax>(), {logits}, "prob");
    infer_shapes(left);
    tail = complete(left);
    streams.resize(1);
    streams[0].tensor = "global_out";
    streams[0].unit = RealArray{Real(1)};
  }
  Graph left = integer_network();
  HostTail tail;
  std::vector<host::StreamLayout> streams;
};

TEST(JoinTail, StreamsHaveTheNamesThatStepsRead) {
  Ended net;
  join_tail(net.left, net.tail, net.streams);
  EXPECT_FALSE(net.tail.empty());
  EXPECT_EQ(net.streams[0].tensor, net.tail.graph.inputs()[0]->name);
  net.streams.resize(2);
  EXPECT_THROW(join_tail(net.left, net.tail, net.streams), UserError);
}

/// Labels that the run puts out in place of logits, and labels that are what the steps read.
TEST(JoinTail, LabelsInPlaceOfLogitsLeaveNothing) {
  Ended net;
  net.streams[0].unit.reset();
  join_tail(net.left, net.tail, net.streams);
  EXPECT_TRUE(net.tail.empty());
  Ended ranked;
  ranked.streams[0].unit.reset();
  for (Checkpoint& c : ranked.left.checkpoints())
    if (c.tensor == ranked.left.outputs()[0]) c.kind = Checkpoint::Kind::kLabel;
  join_tail(ranked.left, ranked.tail, ranked.streams);
  EXPECT_FALSE(ranked.tail.empty());
}

/// A run with run-time weights, and another training of its network, packed for its accelerator.
class LoadedWeights : public ::testing::Test {
 protected:
  /// `folding`: what else is told to the layers.
  explicit LoadedWeights(const std::string& kept = "loaded", const std::string& folding = "{}") {
    testing::fill_from_kept(dir_.path(), kept, [&](const fs::path& made) {
      const std::string out = (made / "out").string();
      write_file(made / "folding.json", folding);
      succeed({"run", save_training(made / "net.onnx", {}).string(), "--runtime-weights",
               "--folding", (made / "folding.json").string(), "--images", "6", "--target-cycles",
               "512", "--out", out});
      succeed({"weights", out, "--from", save_training(made / "other.onnx", kOther).string(),
               "--out", (made / "new").string()});
    });
  }

  /// Golden's logits of a model for the images of `assay weights`, rounded once.
  std::vector<double> logits_of(const fs::path& model) const {
    const fs::path result = dir_.path() / "logits.npy";
    succeed({"exec", model.string(), "--input", (new_ / "input_0.npy").string(), "--preprocess",
             "totensor", "--output", result.string()});
    return as_float64(read_npy(result), "logits");
  }

  /// What the example in C++ says, made with these settings.
  std::string example(const std::vector<std::string>& settings,
                      const std::vector<std::string>& arguments) const {
    return drive_packages(
        out_, packages_,
        [&](const fs::path& folder) -> std::vector<std::string> {
          const ProcessResult made = make_host(folder / "host", settings);
          EXPECT_TRUE(made.ok()) << made.output;
          std::vector<std::string> command = {(folder / "host/validate").string()};
          command.insert(command.end(), arguments.begin(), arguments.end());
          return made.ok() ? command : std::vector<std::string>{};
        },
        {});
  }

  TempDir dir_;
  fs::path out_ = dir_.path() / "out", new_ = dir_.path() / "new",
           packages_ = dir_.path() / "packages";
};

class PythonLoads : public LoadedWeights {
 protected:
  void SetUp() override {
    if (python().empty()) GTEST_SKIP() << "needs NumPy: apt-get install python3-numpy";
  }
  /// What a script of the driver's folder says.
  std::string run(const std::string& script, const std::vector<std::string>& arguments,
                  const std::string& text = "") {
    return drive_packages(
        out_, packages_,
        [&](const fs::path& folder) { return pynq_command(folder / "driver", script, arguments); },
        [&](const fs::path& folder) {
          if (!text.empty()) write_file(folder / "driver" / script, text);
        });
  }
};

/// Results of the run's own weights, of the other's, and of its own again.
TEST_F(PythonLoads, ResultsAreThoseOfTheTraining) {
  constexpr const char* kScript = R"(import sys
import numpy as np
from driver import Accelerator

folder, images = sys.argv[1], np.load(sys.argv[1] + "/input_0.npy")
accelerator = Accelerator(batch_size=4)
own = accelerator.read_weights()


def results(name, gain):
    logits, scaled = accelerator.execute(images)
    np.save(name, logits)
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    print(name, (scaled == e / e.sum(axis=-1, keepdims=True) * gain).all())


results("own.npy", 3.0)
accelerator.load_weights(folder)
print((accelerator.read_weights() == np.load(folder + "/weights.npy").view(np.uint32)).all())
results("other.npy", 5.0)
print((own != accelerator.read_weights()).any())
)";
  EXPECT_EQ(run("retrain.py", {new_.string()}, kScript),
            "own.npy True\nTrue\nother.npy True\nTrue\n");
  const auto saved = [&](const char* name) { return as_float64(read_npy(packages_ / name), name); };
  EXPECT_EQ(saved("own.npy"), logits_of(dir_.path() / "net.onnx"));
  EXPECT_EQ(saved("other.npy"), logits_of(dir_.path() / "other.onnx"));
  EXPECT_NE(saved("own.npy"), saved("other.npy"));
}

TEST_F(PythonLoads, ValidateHoldsThemAgainstGolden) {
  EXPECT_EQ(run("validate.py", {"--weights", new_.string()}),
            "EQUIVALENT: 6 images compared, 0 differ\n");
  EXPECT_EQ(run("validate.py", {}), "EQUIVALENT: 6 images compared, 0 differ\n");
}

TEST_F(PythonLoads, WeightsOfOtherRtlAreRefused) {
  std::string text = read_file(new_ / "weights.json");
  const std::size_t at = text.find("content_hash\": \"") + 16;
  text[at] = text[at] == '0' ? '1' : '0';
  write_file(new_ / "weights.json", text);
  EXPECT_THAT(run("validate.py", {"--weights", new_.string()}),
              HasSubstr("these weights were packed for other RTL"));
}

/// The example in C++, unchanged, over assay_host.c.
TEST_F(LoadedWeights, TheExampleLoadsThem) {
  const auto run = [&](const std::vector<std::string>& arguments) {
    return example({"BOARD=" ASSAY_SOURCE_DIR "/tests/host/socket_board.cpp"}, arguments);
  };
  const std::string loaded = run({"--weights", new_.string(), "4"});
  EXPECT_THAT(loaded, HasSubstr("words written and read back\n"));
  EXPECT_THAT(loaded, HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  EXPECT_THAT(run({(packages_ / "driver").string(), "4"}),
              HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  // The other's results are not what the run's own weights give.
  EXPECT_THAT(run({new_.string(), "4"}), HasSubstr("DIFFERENT: 6 images compared"));
  std::string words = read_file(new_ / "weights.npy");
  write_file(new_ / "weights.npy", words.substr(0, words.size() - 1));
  EXPECT_THAT(run({"--weights", new_.string()}), HasSubstr("its size is not that of its shape"));
  write_file(new_ / "weights.npy", words);
  std::string text = read_file(new_ / "weights.json");
  text.replace(text.find("content_hash\": \"") + 16, 4, "zzzz");
  write_file(new_ / "weights.json", text);
  EXPECT_THAT(run({"--weights", new_.string()}),
              HasSubstr("ASSAY_ERROR_HASH: these weights were packed for other RTL (zzzz"));
}

/// Products whose weights come as streams of their own, and thresholds that a host writes.
class StreamedWeights : public LoadedWeights {
 protected:
  StreamedWeights() : LoadedWeights("streamed", R"({"Defaults": {"mem_mode": "external"}})") {}

  /// What `assay` leaves: "validate.py" or the example in C++, on arrays of a folder.
  std::string python_says(const std::vector<std::string>& arguments) {
    return drive_packages(
        out_, packages_,
        [&](const fs::path& folder) {
          return pynq_command(folder / "driver", "validate.py", arguments);
        },
        spoil_);
  }
  std::function<void(const fs::path&)> spoil_;
};

TEST_F(StreamedWeights, DriversBringThem) {
  if (python().empty()) GTEST_SKIP() << "needs NumPy: apt-get install python3-numpy";
  EXPECT_EQ(python_says({}), "EQUIVALENT: 6 images compared, 0 differ\n");
  ASSERT_TRUE(fs::exists(packages_ / "driver/input_1.npy"));
  EXPECT_EQ(read_npy(packages_ / "driver/input_1.npy").shape[0], 1);
  EXPECT_EQ(python_says({"--weights", new_.string()}), "EQUIVALENT: 6 images compared, 0 differ\n");
  spoil_ = [&](const fs::path& folder) {
    write_file(folder / "driver/input_1.npy", read_file(new_ / "input_1.npy"));
  };
  EXPECT_THAT(python_says({}), HasSubstr("DIFFERENT: 6 images compared"));
}

TEST_F(StreamedWeights, TheExampleBringsThem) {
  const std::vector<std::string> board = {"BOARD=" ASSAY_SOURCE_DIR "/tests/host/socket_board.cpp"};
  EXPECT_THAT(example(board, {(packages_ / "driver").string(), "4"}),
              HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  EXPECT_THAT(example(board, {"--weights", new_.string(), "4"}),
              HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
  write_file(packages_ / "driver/golden_0.npy", read_file(new_ / "golden_0.npy"));
  const fs::path arrays = dir_.path() / "arrays";
  fs::copy(packages_ / "driver", arrays);
  EXPECT_THAT(example(board, {arrays.string(), "4"}), HasSubstr("DIFFERENT: 6 images compared"));
}

TEST_F(LoadedWeights, TheExampleLoadsThemBehindXrtToo) {
  const std::vector<std::string> card = {
      "BOARD=board_xrt.cpp", "XRT=" ASSAY_SOURCE_DIR "/tests/host/stub_xrt", "LIBRARIES="};
  const std::string loaded = example(card, {"--weights", new_.string(), "4"});
  EXPECT_THAT(loaded, HasSubstr("words written and read back\n"));
  EXPECT_THAT(loaded, HasSubstr("EQUIVALENT: 6 images compared, 0 differ\n"));
}

/// The shipped network has more memories than this bus reaches; a page that is not turned is written over.
TEST(LoadedWeightsNightly, ACardTurnsPages) {
  const TempDir dir;
  const std::string model = ASSAY_SOURCE_DIR "/models/mnist_cnn_w2a2/model.qonnx.onnx",
                    out = (dir.path() / "out").string(), made = (dir.path() / "new").string();
  succeed({"run", model, "--runtime-weights", "--images", "4", "--out", out});
  // No image tells a training from itself.
  EXPECT_EQ(run_assay({"weights", out, "--from", model, "--out", made}).code, 3);
  const std::string output = drive_packages(
      out, dir.path() / "packages",
      [&](const fs::path& folder) -> std::vector<std::string> {
        const ProcessResult host = make_host(
            folder / "host",
            {"BOARD=board_xrt.cpp", "XRT=" ASSAY_SOURCE_DIR "/tests/host/stub_xrt", "LIBRARIES="});
        EXPECT_TRUE(host.ok()) << host.output;
        EXPECT_THAT(read_file(folder / "host/accelerator.h"), HasSubstr("0x9000u, 1, "));
        return {(folder / "host/validate").string(), "--weights", made, "4"};
      },
      {}, kWeightWindow + kWeightPage);
  EXPECT_THAT(output, HasSubstr("8503 words written and read back\n"));
  EXPECT_THAT(output, HasSubstr("EQUIVALENT: 4 images compared, 0 differ\n"));
}

TEST_F(LoadedWeights, ThePackageSaysWhatAHostMakesOfThem) {
  const Json map = Json::parse(read_file(new_ / "weights.json"));
  EXPECT_EQ(map["format"], "assay.run-time-weights/2");
  const Json& training = map["training"];
  // What the integers mean: the scales of the sum and of the last layer's weights.
  EXPECT_EQ(training["outputs"][0]["unit"]["values"][0].get<double>(),
            static_cast<double>(0.41F) * static_cast<double>(0.3125F));
  std::vector<std::string> steps;
  for (const Json& step : training["host"]["steps"]) steps.push_back(step["op"]);
  EXPECT_THAT(steps, ::testing::ElementsAre("Softmax", "Mul"));
  EXPECT_EQ(training["host"]["constants"].begin().value()["values"][0], 5.0);
}

TEST_F(LoadedWeights, AnotherWorkOfTheHostIsRefused) {
  Training sigmoid = kOther;
  sigmoid.softmax = false;
  const CommandResult result =
      run_assay({"weights", out_.string(), "--from",
                 save_training(dir_.path() / "sigmoid.onnx", sigmoid).string(), "--out",
                 (dir_.path() / "sigmoid").string()});
  EXPECT_EQ(result.code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("the host computes Softmax, Mul in this network and Sigmoid, "
                                    "Mul in the other one"));
}

}  // namespace
}  // namespace assay
