// SPDX-License-Identifier: Apache-2.0
// Trained networks on real images: the exact executor against what PyTorch computed.
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <set>

#include "compile/graph/ops.h"
#include "support/zoo.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the zoo is what this file is about

/// One network in one form with everything to run it.
struct Subject {
  Subject(const std::string& net, const std::string& form, bool normalised)
      : graph(zoo_graph(net, form, normalised)),
        recording(read_recording(net)),
        set(load_dataset(shared_path(kCifar))),
        exact(graph, {ExactInput::integers(0, 255)}, {.parallel = false}) {}

  Graph graph;
  Recording recording;
  Dataset set;
  ExactExecutor exact;
};

/// Every recorded integer against the exact ones; what differs must be proved to be a float32
/// rounding.
void check_activations(const std::string& net, const std::string& form, bool normalised,
                       std::int64_t images) {
  const Subject s(net, form, normalised);
  ASSERT_LE(images, s.recording.images);
  const ZooComparison result = compare_activations(s.graph, s.exact, s.recording, s.set, images);
  EXPECT_TRUE(result.unused.empty()) << "not compared: " << result.unused.front();
  EXPECT_EQ(result.compared, result.predicted);
  EXPECT_GT(result.compared, 0);
  const FloatChecker checker(s.graph, s.exact);
  std::int64_t differing = 0, explained = 0, compared = 0;
  for (std::int64_t image = 0; image < images; ++image) {
    const FloatCheck check = checker.check({exact_image(s.set, image)}, {float_image(s.set, image)},
                                           observed_image(s.graph, s.recording, image));
    differing += check.differing;
    explained += check.explained;
    compared += check.compared;
  }
  EXPECT_EQ(compared, result.predicted);
  EXPECT_EQ(explained, differing) << result.text();
  // Without any difference within a stretch there can be none along the whole network.
  EXPECT_EQ(differing == 0, result.differences.empty()) << result.text();
  std::cout << net << " " << form << ": " << images << " images, " << compared
            << " activations compared, " << result.differences.size() << " differ, of " << differing
            << " first differences " << explained << " are proved float32 roundings\n";
}

/// The float executor's integers per activation checkpoint.
std::map<std::string, std::vector<std::int64_t>> float_integers(const Graph& graph,
                                                                const FloatTensor& image) {
  std::map<const Tensor*, const Checkpoint*> wanted;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.kind == Checkpoint::Kind::kActivation) wanted[checkpoint.tensor] = &checkpoint;
  std::map<std::string, std::vector<std::int64_t>> out;
  FloatExecutor(graph).run({image}, [&](const Tensor& tensor, const FloatTensor& value) {
    if (const auto it = wanted.find(&tensor); it != wanted.end())
      out[it->second->name] = checkpoint_integers(*it->second, value);
  });
  return out;
}

/// The exact label of every image [0, count), computed side by side.
std::vector<std::int64_t> exact_labels(const ExactExecutor& exact, const Dataset& set,
                                       std::int64_t count) {
  std::vector<std::int64_t> labels(static_cast<std::size_t>(count));
  tbb::parallel_for(std::int64_t{0}, count, [&](std::int64_t image) {
    const ExactRun run = exact.run({.inputs = {exact_image(set, image)}, .checkpoints = false});
    labels[static_cast<std::size_t>(image)] = top_k(run.outputs.at(0), 1).at(0);
  });
  return labels;
}

std::int64_t count_correct(const std::vector<std::int64_t>& labels, const Dataset& set) {
  std::int64_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) correct += labels[i] == set.labels[i] ? 1 : 0;
  return correct;
}

/// The label of every recorded image, and the accuracy.
void check_labels(const std::string& net, const std::string& form, bool normalised) {
  const Subject s(net, form, normalised);
  const auto count = static_cast<std::int64_t>(s.recording.labels.size());
  ASSERT_GE(s.set.size(), count);
  ASSERT_GT(count, 0);
  const std::vector<std::int64_t> labels = exact_labels(s.exact, s.set, count);
  std::int64_t differing = 0;
  for (std::int64_t image = 0; image < count; ++image) {
    const std::int64_t recorded = s.recording.labels[static_cast<std::size_t>(image)];
    if (labels[static_cast<std::size_t>(image)] == recorded) continue;
    ++differing;
    const FloatTensor floats = float_image(s.set, image);
    const FloatCheck check = FloatChecker(s.graph, s.exact)
                                 .check({exact_image(s.set, image)}, {floats},
                                        float_integers(s.graph, floats), recorded);
    EXPECT_TRUE(check.all_explained())
        << "image " << image << ": recorded label " << recorded << ", exact label "
        << labels[static_cast<std::size_t>(image)];
  }
  const auto recorded_correct = std::llround(s.recording.accuracy * static_cast<double>(count));
  EXPECT_LE(std::llabs(count_correct(labels, s.set) - recorded_correct), differing);
  std::cout << net << " " << form << ": " << count << " labels, " << differing
            << " differ and are proved float32 roundings, " << count_correct(labels, s.set)
            << " right\n";
}

TEST(Zoo, NamesALayerAsPyTorchDoes) {
  EXPECT_EQ(layer_of("/act1/act_quant/export_handler/Quant_output_0"), "act1");
  EXPECT_EQ(layer_of("/blocks/blocks.0/act1/act_quant/x"), "blocks.0.act1");
  EXPECT_EQ(layer_of("/features/features.12/act_quant/x"), "features.12");
  EXPECT_EQ(layer_of("/fc/Gemm_output_0"), "");
}

#define ZOO_TESTS(Name, net, form, normalised, images) \
  TEST(Zoo, Name##ActivationsAreThoseOfPyTorch) {      \
    REQUIRE_SHARED("zoo/" net);                        \
    REQUIRE_SHARED(kCifar);                            \
    check_activations(net, form, normalised, images);  \
  }                                                    \
  TEST(Zoo, Name##LabelsAreThoseOfPyTorch) {           \
    REQUIRE_SHARED("zoo/" net);                        \
    REQUIRE_SHARED(kCifar);                            \
    check_labels(net, form, normalised);               \
  }

ZOO_TESTS(Resnet8, "resnet8_w4a4", "qonnx", false, 8)
ZOO_TESTS(Resnet8Qcdq, "resnet8_w4a4", "qcdq", false, 8)
ZOO_TESTS(Mobilenet, "mobilenet_w4a4", "qonnx", false, 8)
ZOO_TESTS(MobilenetQcdq, "mobilenet_w4a4", "qcdq", false, 8)
ZOO_TESTS(Cnv, "cnv_w1a1", "qonnx", false, 8)
ZOO_TESTS(Resnet18Norm, "resnet18norm_w2a2", "qonnx", true, 4)
ZOO_TESTS(Resnet18NormQcdq, "resnet18norm_w2a2", "qcdq", true, 2)

/// PyTorch's own logits on images that it normalised itself: float32 rounding is all that differs.
TEST(Zoo, TheNetworkOfTheNotebookGivesTheLogitsOfPyTorch) {
  REQUIRE_SHARED("cases/notebook");
  const std::filesystem::path folder = shared_path("cases/notebook");
  const Graph graph = import_model(folder / "model.onnx");
  const NpyArray x = read_npy(folder / "x.npy"), y = read_npy(folder / "y.npy");
  const std::vector<float> images = as_float32(x, "x.npy");
  const std::vector<double> expected = as_float64(y, "y.npy");
  const FloatImages exact_inputs = exact_images(images, *graph.inputs().at(0)->shape);
  const ExactExecutor exact(graph, {exact_inputs.input});
  const FloatErrorBounds bounds(graph);
  const std::int64_t count = x.shape.at(0), classes = y.shape.at(1),
                     size = std::ssize(images) / count;
  std::int64_t compared = 0;
  for (std::int64_t image = 0; image < count; ++image) {
    const ExactRun run =
        exact.run({.inputs = {exact_inputs.images.at(static_cast<std::size_t>(image))}});
    FloatErrorBounds::Integers decided;
    for (const CheckpointValue& value : run.checkpoints)
      if (value.checkpoint->has_map) decided[value.checkpoint->name] = value.q;
    const auto first = images.begin() + image * size;
    const auto tensors =
        bounds.evaluate({{*graph.inputs()[0]->shape, {first, first + size}}}, {}, decided);
    const std::vector<double>& error = tensors.at(graph.outputs().at(0)).error;
    for (std::int64_t c = 0; c < classes; ++c, ++compared)
      EXPECT_LE(std::abs(run.outputs.at(0).to_double(c) -
                         expected[static_cast<std::size_t>(image * classes + c)]),
                error[static_cast<std::size_t>(c)])
          << "image " << image << ", class " << c;
  }
  EXPECT_EQ(compared, 200);
}

/// All of MNIST's test images.
void check_mnist(const std::string& net, std::int64_t expected_correct) {
  const Dataset set = load_dataset(shared_path("data/mnist"));
  ASSERT_EQ(set.size(), 10000);
  const Graph graph = zoo_graph(net, "qonnx", false);
  const ExactExecutor exact(graph, {ExactInput::integers(0, 255)}, {.parallel = false});
  const std::vector<std::int64_t> labels = exact_labels(exact, set, set.size());
  EXPECT_EQ(count_correct(labels, set), expected_correct);
  const std::vector<std::int64_t> recorded = read_recording(net).labels;
  ASSERT_EQ(recorded.size(), labels.size());
  std::int64_t differing = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) differing += labels[i] == recorded[i] ? 0 : 1;
  EXPECT_EQ(differing, 0);
  std::cout << net << ": " << count_correct(labels, set) << " of " << set.size() << " right, "
            << differing << " labels differ from the float64 evaluation\n";
}

TEST(Zoo, TheShippedMnistNetworkReachesItsAccuracyOnAllOfMnist) {
  REQUIRE_SHARED("data/mnist");
  const Dataset set = load_dataset(shared_path("data/mnist"));
  for (const char* form : {"qonnx", "qcdq"}) {
    const Graph graph = zoo_graph(ASSAY_SOURCE_DIR "/models/mnist_cnn_w2a2", form, false);
    const ExactExecutor exact(graph, {ExactInput::integers(0, 255)}, {.parallel = false});
    EXPECT_EQ(count_correct(exact_labels(exact, set, set.size()), set), 9730) << form;
  }
}

TEST(Zoo, TfcW1A1ReachesItsAccuracyOnAllOfMnist) {
  REQUIRE_SHARED("zoo/tfc_w1a1");
  REQUIRE_SHARED("data/mnist");
  check_mnist("tfc_w1a1", 9296);
}

TEST(Zoo, TfcW2A2ReachesItsAccuracyOnAllOfMnist) {
  REQUIRE_SHARED("zoo/tfc_w2a2");
  REQUIRE_SHARED("data/mnist");
  check_mnist("tfc_w2a2", 9660);
}

// Planted faults: the comparisons above must be able to fail, and say where.

constexpr const char* kFaultyNet = "resnet8_w4a4";

/// The raw weights of the `index`-th convolution.
Tensor* conv_weights(const Graph& graph, int index) {
  for (Node* node : graph.topological_order())
    if (node->as<ops::Conv>() && index-- == 0) return node->inputs[1]->producer->inputs[0];
  ADD_FAILURE() << "there is no such convolution";
  return nullptr;
}

void edit(Tensor* tensor, const std::function<void(std::vector<float>&)>& change) {
  std::vector<float> values(tensor->constant->floats().begin(), tensor->constant->floats().end());
  change(values);
  tensor->constant = Constant(tensor->constant->shape(), std::move(values));
}

/// The comparison of a graph with a fault in it, on two images.
ZooComparison compare_faulty(const std::function<void(Graph&)>& plant) {
  Graph graph = zoo_graph(kFaultyNet, "qonnx", false);
  plant(graph);
  mark_checkpoints(graph);
  const ExactExecutor exact(graph, {ExactInput::integers(0, 255)});
  return compare_activations(graph, exact, read_recording(kFaultyNet),
                             load_dataset(shared_path(kCifar)), 2);
}

/// The channels in which a 32 x 32 layer differs.
std::set<std::int64_t> channels_of(const ZooComparison& result, const std::string& layer) {
  std::set<std::int64_t> channels;
  for (const ZooDifference& difference : result.differences)
    if (layer_of(difference.checkpoint) == layer)
      channels.insert(difference.element / std::int64_t{32 * 32});
  return channels;
}

TEST(ZooFaults, AFlippedWeightBitIsFoundInItsChannel) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  constexpr std::int64_t kChannel = 5;
  const ZooComparison result = compare_faulty([](Graph& graph) {
    Tensor* weights = conv_weights(graph, 0);
    const Constant scales = *weights->consumers.at(0)->inputs[1]->constant;
    const float scale = scales.to_float(scales.size() == 1 ? 0 : kChannel);
    edit(weights, [&](std::vector<float>& w) {
      // The lowest bit of the integer behind the weight.
      float& value = w[w.size() / 16 * kChannel];
      const bool odd = std::lround(value / scale) % 2 != 0;
      value += odd ? -scale : scale;
    });
  });
  ASSERT_FALSE(result.differences.empty());
  EXPECT_EQ(layer_of(result.differences[0].checkpoint), "act1");
  EXPECT_EQ(result.differences[0].image, 0);
  EXPECT_EQ(channels_of(result, "act1"), std::set<std::int64_t>{kChannel});
  EXPECT_NE(result.differences[0].text().find("act1/act_quant"), std::string::npos);
}

TEST(ZooFaults, SwappedChannelsOfAWeightAreFoundInBothChannels) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  const ZooComparison result = compare_faulty([](Graph& graph) {
    edit(conv_weights(graph, 0), [](std::vector<float>& w) {
      const auto size = static_cast<std::ptrdiff_t>(w.size() / 16);
      std::swap_ranges(w.begin() + 2 * size, w.begin() + 3 * size, w.begin() + 9 * size);
    });
  });
  EXPECT_EQ(channels_of(result, "act1"), (std::set<std::int64_t>{2, 9}));
}

TEST(ZooFaults, AnActivationScaleThatIsOneUlpOffIsFound) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  const ZooComparison result = compare_faulty([](Graph& graph) {
    for (const Checkpoint& checkpoint : graph.checkpoints())
      if (layer_of(checkpoint.name) == "blocks.1.act1")
        edit(checkpoint.tensor->producer->inputs[1],
             [](std::vector<float>& s) { s[0] = std::nextafter(s[0], 1.0F); });
  });
  ASSERT_FALSE(result.differences.empty());
  EXPECT_EQ(layer_of(result.differences[0].checkpoint), "blocks.1.act1");
}

TEST(ZooFaults, AWeightScaleThatIsOneUlpOffChangesTheExactLogits) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  const Dataset set = load_dataset(shared_path(kCifar), {0, 1});
  const Graph graph = zoo_graph(kFaultyNet, "qonnx", false);
  Graph faulty = graph;
  Tensor* scale = nullptr;
  for (Node* node : faulty.topological_order())
    if (node->as<ops::Gemm>()) scale = node->inputs[1]->producer->inputs[1];
  ASSERT_NE(scale, nullptr);
  edit(scale, [](std::vector<float>& s) { s[0] = std::nextafter(s[0], 1.0F); });
  const auto logits = [&](const Graph& g) {
    return ExactExecutor(g, {ExactInput::integers(0, 255)})
        .run({.inputs = {exact_image(set, 0)}})
        .outputs.at(0);
  };
  const ExactValue expected = logits(graph), got = logits(faulty);
  EXPECT_FALSE(expected.real(0) == got.real(0));
}

TEST(ZooFaults, ALayerWithoutItsRecordingIsFound) {
  REQUIRE_SHARED("zoo/resnet8_w4a4");
  REQUIRE_SHARED(kCifar);
  const Graph graph = zoo_graph(kFaultyNet, "qonnx", false);
  const ExactExecutor exact(graph, {ExactInput::integers(0, 255)});
  Recording recording = read_recording(kFaultyNet);
  recording.layers["blocks.9.act1"] = recording.layers.at("act1");
  const ZooComparison result =
      compare_activations(graph, exact, recording, load_dataset(shared_path(kCifar), {0, 1}), 1);
  EXPECT_EQ(result.unused, std::vector<std::string>{"blocks.9.act1"});
  EXPECT_LT(result.compared, result.predicted);
}

}  // namespace
}  // namespace assay
