// SPDX-License-Identifier: Apache-2.0
// Trained networks become integer, and stay what they are on real images.
#include <gtest/gtest.h>

#include <iostream>
#include <set>

#include "passes/streamline_check.h"
#include "support/zoo.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the zoo is what this file is about

Graph cleaned(Graph graph) {
  clean_up(graph);
  return graph;
}

/// Every checkpoint of both graphs on the first `images` images.
void expect_equal_on(const Graph& before, const Graph& after, const Dataset& set,
                     std::int64_t images) {
  const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
  for (std::int64_t image = 0; image < images; ++image) {
    const ExactRequest request{.inputs = {exact_image(set, image)}};
    const auto found = first_disagreement(reference.run(request), integer.run(request));
    if (found)
      ADD_FAILURE() << "image " << image << ": " << found->checkpoint << "[" << found->element
                    << "]: expected " << found->expected << ", got " << found->got;
  }
}

/// All checkpoints of the network are quantisers of the report.
void expect_reported(const Graph& graph, const PassReport& report) {
  std::set<std::string> names;
  for (const QuantiserReport& quantiser : report.quantisers) names.insert(quantiser.checkpoint);
  for (const Checkpoint& checkpoint : graph.checkpoints())
    EXPECT_TRUE(checkpoint.kind != Checkpoint::Kind::kActivation || names.contains(checkpoint.name))
        << checkpoint.name;
}

/// The integer graph's activations against those that PyTorch recorded: equal but for the float32
/// roundings that the graph before shows as well.
void expect_recorded(const Graph& before, const Graph& after, const Recording& recording,
                     const Dataset& set, std::int64_t images) {
  const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
  const ZooComparison expected = compare_activations(before, reference, recording, set, images),
                      got = compare_activations(after, integer, recording, set, images);
  EXPECT_TRUE(got.unused.empty());
  EXPECT_EQ(got.compared, got.predicted);
  EXPECT_GT(got.compared, 0);
  EXPECT_EQ(got.text(), expected.text());
  EXPECT_EQ(got.differences.size(), expected.differences.size());
  EXPECT_LT(static_cast<std::int64_t>(got.differences.size()) * 1000, got.compared);
  std::cout << got.compared << " activations compared with PyTorch's, " << got.differences.size()
            << " differ by float32 roundings\n";
}

void check_zoo_network(const std::string& net, const std::string& form, const std::string& data,
                       std::int64_t images) {
  const Graph before = cleaned(zoo_graph(net, form, false));
  Graph after = before;
  const PassReport report = make_integer(after);
  expect_reported(before, report);
  const Dataset set = load_dataset(shared_path(data), {0, images});
  expect_equal_on(before, after, set, images);
}

#define STREAMLINED(Suite, Name, net, form, data, images) \
  TEST(Suite, Name) {                                     \
    REQUIRE_SHARED("zoo/" net);                           \
    REQUIRE_SHARED(data);                                 \
    check_zoo_network(net, form, data, images);           \
  }

STREAMLINED(StreamlineZoo, TfcW1A1StaysWhatItIs, "tfc_w1a1", "qonnx", "data/mnist", 20)
STREAMLINED(StreamlineZoo, TfcW2A2StaysWhatItIs, "tfc_w2a2", "qonnx", "data/mnist", 20)
STREAMLINED(StreamlineZoo, CnvStaysWhatItIs, "cnv_w1a1", "qonnx", kCifar, 1)
STREAMLINED(StreamlineZoo, Resnet8StaysWhatItIs, "resnet8_w4a4", "qonnx", kCifar, 2)
STREAMLINED(StreamlineZoo, Resnet8QcdqStaysWhatItIs, "resnet8_w4a4", "qcdq", kCifar, 2)
STREAMLINED(StreamlineZoo, MobilenetStaysWhatItIs, "mobilenet_w4a4", "qonnx", kCifar, 2)
STREAMLINED(StreamlineZoo, MobilenetQcdqStaysWhatItIs, "mobilenet_w4a4", "qcdq", kCifar, 2)
STREAMLINED(StreamlineZoo, Resnet18OnPixelsStaysWhatItIs, "resnet18norm_w2a2", "qonnx", kCifar, 1)
STREAMLINED(StreamlineZooNightly, Resnet18QcdqOnPixelsStaysWhatItIs, "resnet18norm_w2a2", "qcdq",
            kCifar, 1)

void check_recorded(const std::string& net, std::int64_t images) {
  const Graph before = cleaned(zoo_graph(net, "qonnx", false));
  Graph after = before;
  make_integer(after);
  expect_recorded(before, after, read_recording(net),
                  load_dataset(shared_path(kCifar), {0, images}), images);
}

TEST(StreamlineZoo, Resnet8GivesTheActivationsOfPyTorch) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  check_recorded("resnet8_w4a4", 2);
}

TEST(StreamlineZoo, MobilenetGivesTheActivationsOfPyTorch) {
  REQUIRE_SHARED("zoo/mobilenet_w4a4");
  REQUIRE_SHARED(kCifar);
  check_recorded("mobilenet_w4a4", 2);
}

TEST(StreamlineZoo, NormalisedPixelsAreQuantisedFirstAndExactFromThere) {
  REQUIRE_SHARED("zoo/resnet18norm_w2a2");
  REQUIRE_SHARED(kCifar);
  Graph before = cleaned(zoo_graph("resnet18norm_w2a2", "qonnx", true));
  ASSERT_NE(normalised_input(before), nullptr);
  PassContext context;
  ASSERT_TRUE(quantize_input(before, context));
  verify(before);
  EXPECT_EQ(normalised_input(before), nullptr);
  Graph after = before;
  make_integer(after);
  expect_equal_on(before, after, load_dataset(shared_path(kCifar), {0, 1}), 1);
}

TEST(StreamlineZoo, NormalisedPixelsAreExactAndGiveTheActivationsOfPyTorch) {
  REQUIRE_SHARED("zoo/resnet18norm_w2a2");
  REQUIRE_SHARED(kCifar);
  const Graph before = cleaned(zoo_graph("resnet18norm_w2a2", "qonnx", true));
  EXPECT_EQ(exact_input_form(before, {}).obstacle, "");
  Graph after = before;
  const PassReport report = make_integer(after);
  ASSERT_EQ(report.units.size(), 1U);
  EXPECT_EQ(report.units[0].multiplier_bits, 13);
  EXPECT_EQ(report.units[0].weight_bits, 14);
  const Dataset set = load_dataset(shared_path(kCifar), {0, 1});
  expect_equal_on(before, after, set, 1);
  expect_recorded(before, after, read_recording("resnet18norm_w2a2"), set, 1);
}

/// Dropout layers of ratio 0, biases, sums of branches, normalised pixels without a quantiser.
TEST(StreamlineZoo, TheNetworkOfTheNotebookIsExactFromItsPixelsOn) {
  REQUIRE_SHARED("cases/notebook");
  REQUIRE_SHARED(kCifar);
  Graph network = import_model(shared_path("cases/notebook/model.onnx"));
  const Shape shape = network.inputs().at(0)->shape.value();
  network =
      merge_models(normalize_graph(shape, {"0.491", "0.482", "0.446"}, {"0.247", "0.243", "0.261"}),
                   std::move(network));
  const Graph before = cleaned(merge_models(to_tensor_graph(shape), std::move(network)));
  EXPECT_EQ(exact_input_form(before, {}).obstacle, "");
  EXPECT_FALSE(needs_rounded_scales(before, {}));
  Graph after = before;
  expect_reported(before, make_integer(after));
  expect_equal_on(before, after, load_dataset(shared_path(kCifar), {0, 4}), 4);
}

TEST(StreamlineZoo, TheNetworkOfTheRepositoryBecomesInteger) {
  for (const char* form : {"qonnx", "qcdq"}) {
    SCOPED_TRACE(form);
    const std::filesystem::path path = std::filesystem::path(ASSAY_SOURCE_DIR) / "models" /
                                       "resnet8_w4a4" / fmt::format("model.{}.onnx", form);
    Graph network = import_model(path);
    const Shape shape = network.inputs().at(0)->shape.value();
    const Graph before = cleaned(merge_models(to_tensor_graph(shape), std::move(network)));
    Graph after = before;
    expect_reported(before, make_integer(after));
    const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
    Random random(1);
    const ExactRequest request{.inputs = {{random_pixels(random, shape)}}};
    const auto found = first_disagreement(reference.run(request), integer.run(request));
    EXPECT_FALSE(found.has_value()) << found->checkpoint;
  }
}

TEST(StreamlineZoo, EveryDialectBecomesInteger) {
  REQUIRE_SHARED("zoo/dialects");
  int networks = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(shared_path("zoo/dialects"))) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().string());
    Graph network = import_model(entry.path());
    const Shape shape = network.inputs().at(0)->shape.value();
    const Graph before = cleaned(merge_models(to_tensor_graph(shape), std::move(network)));
    Graph after = before;
    make_integer(after);
    const ExactExecutor reference = byte_executor(before), integer = byte_executor(after);
    Random random(1);
    const ExactRequest request{.inputs = {{random_pixels(random, shape)}}};
    const auto found = first_disagreement(reference.run(request), integer.run(request));
    EXPECT_FALSE(found.has_value()) << found->checkpoint;
    ++networks;
  }
  EXPECT_GT(networks, 0);
}

}  // namespace
}  // namespace assay
