// SPDX-License-Identifier: Apache-2.0
// What goes into a network: arrays of any shape and type, pictures, made-up images.
#include "harness/run/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/graph/ops.h"
#include "compile/onnx/export.h"
#include "golden/data/npy.h"
#include "golden/data/png.h"
#include "harness/run/network.h"
#include "harness/run/preprocess.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a test network starts with.
struct Start {
  Shape shape = {1, 2, 2, 3};
  Container container = Container::kFloat32;
  std::vector<std::int64_t> perm = {};  ///< of a Transpose in front; empty: none
  float scale = 1.0F / 256;             ///< of the input's quantiser; 0: none
  int bits = 8;
  bool is_signed = false, narrow = false;
  Shape kernel = {1, 1};
};

/// Input "x" -> (Cast) -> (Transpose) -> (Quant "q") -> Conv of one filter 1, 2, 3, ... over channels ->
/// Relu -> Quant "act" -> Flatten -> MatMul "y" to two classes.
Graph network(const Start& start) {
  Graph graph;
  graph.name = "net";
  Tensor* x = graph.add_input("x", start.shape);
  x->container = start.container;
  const auto constant = [&](const char* name, Shape shape, std::vector<float> values) {
    return graph.add_constant(name, Constant(std::move(shape), std::move(values)));
  };
  const auto quantised = [&](Tensor* value, float scale, int bits, bool is_signed, bool narrow,
                             const char* name) {
    auto quant = std::make_unique<ops::Quant>();
    quant->is_signed = is_signed;
    quant->narrow = narrow;
    return graph.add(std::move(quant),
                     {value, constant("scale", {}, {scale}), constant("zero", {}, {0}),
                      constant("bits", {}, {static_cast<float>(bits)})},
                     name);
  };
  if (start.container != Container::kFloat32) {
    x->dtype = container_type(start.container);
    auto cast = std::make_unique<ops::Cast>();
    cast->to = 1;  // FLOAT
    x = graph.add(std::move(cast), {x}, "real");
  }
  if (!start.perm.empty()) {
    auto turn = std::make_unique<ops::Transpose>();
    turn->perm = start.perm;
    x = graph.add(std::move(turn), {x}, "turned");
  }
  if (start.scale > 0)
    x = quantised(x, start.scale, start.bits, start.is_signed, start.narrow, "q");
  infer_shapes(graph);
  const std::int64_t channels = x->shape->at(1);
  std::vector<float> filter, dense;
  for (std::int64_t i = 0; i < channels; ++i) filter.push_back(static_cast<float>(i + 1));
  auto conv = std::make_unique<ops::Conv>();
  const std::size_t axes = start.kernel.size();
  conv->window = {start.kernel, Shape(axes, 1), Shape(2 * axes, 0), Shape(axes, 1)};
  Shape weights{1, channels};
  weights.insert(weights.end(), start.kernel.begin(), start.kernel.end());
  x = graph.add(std::move(conv), {x, constant("w", weights, filter)}, "conv");
  x = graph.add(std::make_unique<ops::Relu>(), {x}, "relu");
  x = quantised(x, start.scale > 0 ? 16 * start.scale : 0.25F, 6, false, false, "act");
  x = graph.add(std::make_unique<ops::Flatten>(), {x}, "flat");
  infer_shapes(graph);
  for (std::int64_t i = 0; i < 2 * x->shape->at(1); ++i)
    dense.push_back(static_cast<float>(i * 5 % 7 - 3));
  graph.add_output(graph.add(std::make_unique<ops::MatMul>(),
                             {x, constant("v", {x->shape->at(1), 2}, dense)}, "y"));
  infer_shapes(graph);
  mark_checkpoints(graph);
  graph.sort();
  verify(graph);
  return graph;
}

const std::vector<std::int64_t> kFromLast = {0, 3, 1, 2};  ///< NHWC to NCHW

class Inputs : public ::testing::Test {
 protected:
  template <typename T>
  std::string save(Shape shape, std::vector<T> values) const {
    write_npy(dir.path() / "x.npy", make_npy<T>(std::move(shape), values));
    return (dir.path() / "x.npy").string();
  }
  std::string save(const Graph& graph) const {
    export_model(graph, dir.path() / "net.onnx");
    return (dir.path() / "net.onnx").string();
  }
  /// What is fed to the network, as planes.
  ChosenImages choose(const Graph& graph, const std::string& data,
                      PreprocessChoice preprocess = {}) const {
    const ImageChoice choice{data, ""};
    return choose_images(choice,
                         pixel_graph(graph, Preprocess(resolved(preprocess, choice, graph))));
  }
  std::string error(const Graph& graph, const std::string& data,
                    const PreprocessChoice& preprocess = {}) const {
    return message_of<UserError>([&] { choose(graph, data, preprocess); });
  }
  /// A run to its last stage; on made-up images without `data`.
  CommandResult run(const Graph& graph, const std::string& data,
                    const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run", save(graph), "--replace", "--out",
                                          (dir.path() / "out").string()};
    if (!data.empty()) arguments.insert(arguments.end(), {"--data", data});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  void expect_equivalent(const Graph& graph, const std::string& data,
                         const std::vector<std::string>& more = {}) const {
    const CommandResult result = run(graph, data, more);
    EXPECT_EQ(result.code, 0) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("EQUIVALENT"));
  }
  Json run_report() const {
    return Json::parse(read_file(dir.path() / "out" / "reports" / "run.json"));
  }
  TempDir dir;
};

std::vector<std::uint8_t> counted(std::size_t count) {
  std::vector<std::uint8_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<std::uint8_t>(i));
  return values;
}

// One image of 2 x 2 pixels in three colours: planes 0 1 2 3, 4 5 6 7, 8 9 10 11, channels last
// 0 4 8 1 5 9 2 6 10 3 7 11.
const std::vector<std::uint8_t> kLast = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};

TEST_F(Inputs, AnArrayMayHaveItsChannelsFirstOrLast) {
  const Graph first = network({.shape = {1, 3, 2, 2}}),
              last = network({.shape = {1, 2, 2, 3}, .perm = kFromLast});
  for (const Graph* graph : {&first, &last})
    for (const std::string& data :
         {save<std::uint8_t>({1, 3, 2, 2}, counted(12)), save({1, 2, 2, 3}, kLast)}) {
      const ChosenImages images = choose(*graph, data);
      const std::vector<std::uint8_t> planes = counted(12);
      EXPECT_EQ(images.set.values(0), std::vector<std::int32_t>(planes.begin(), planes.end()));
      EXPECT_EQ(images.set.channels, 3);
      EXPECT_EQ(images.set.height, 2);
    }
  // In one row, elements lie as the network's own.
  EXPECT_EQ(choose(last, save({1, 12}, kLast)).set.values(0)[1], 1);
  EXPECT_EQ(choose(first, save({1, 12}, kLast)).set.values(0)[1], 4);
  EXPECT_THAT(error(first, save<std::uint8_t>({1, 2, 3, 2}, counted(12))),
              AllOf(HasSubstr("[2,3,2] each"), HasSubstr("input is [1,3,2,2]")));
}

TEST_F(Inputs, AxesOfOneElementNameNoPlace) {
  const Graph grey = network({.shape = {1, 1, 2, 3}});
  for (const Shape& shape : {Shape{2, 2, 3}, {2, 2, 3, 1}, {2, 1, 2, 3}, {2, 6}})
    EXPECT_THAT(choose(grey, save<std::uint8_t>(shape, counted(12))).set.values(1),
                ElementsAre(6, 7, 8, 9, 10, 11));
}

TEST_F(Inputs, OneDimensionalArraysKeepTheirChannels) {
  const Graph graph = network({.shape = {1, 2, 3}, .kernel = {1}});
  EXPECT_THAT(choose(graph, save<std::uint8_t>({1, 2, 3}, counted(6))).set.values(0),
              ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(choose(graph, save<std::uint8_t>({1, 3, 2}, counted(6))).set.values(0),
              ElementsAre(0, 2, 4, 1, 3, 5));
  expect_equivalent(graph, save<std::uint8_t>({4, 2, 3}, counted(24)));
}

/// Seen: fed by one layout in front of cleanup and by another behind it, a false DIFFERENT.
TEST_F(Inputs, ChannelsLastAreTheSameAtEveryStage) {
  const Graph bytes = network(
      {.shape = {1, 4, 3, 2}, .container = Container::kUInt8, .perm = kFromLast, .scale = 16});
  expect_equivalent(bytes, "", {"--images", "6"});
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 72; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 89));
  expect_equivalent(bytes, save({3, 4, 3, 2}, pixels));
  const Graph reals = network({.shape = {1, 4, 3, 2}, .perm = kFromLast});
  expect_equivalent(reals, "", {"--images", "6"});
  expect_equivalent(reals, save({3, 4, 3, 2}, pixels));
  expect_equivalent(reals, save({3, 4, 3, 2}, pixels),
                    {"--preprocess", "normalize", "--mean", "0.5,0.25", "--std", "0.25"});
}

TEST_F(Inputs, FloatsThatAreScaledBytesArePixels) {
  const Graph graph = network({.shape = {1, 1, 1, 3}});
  const std::string data = save<float>({1, 1, 1, 3}, {0, 100.0F / 255, 1});
  const ChosenImages images = choose(graph, data);
  EXPECT_THAT(images.set.values(0), ElementsAre(0, 100, 255));
  EXPECT_EQ(images.set.sha256, load_dataset(data).sha256) << "of what the file holds";
  EXPECT_EQ(resolved({}, {data, ""}, graph).kind, "totensor");
}

TEST_F(Inputs, FloatsBecomeTheIntegersOfTheInputsQuantiser) {
  // Scale 1/4, 4 bits with a sign: by hand, ties to even, cut at -8 and 7.
  const Graph graph =
      network({.shape = {1, 1, 1, 6}, .scale = 0.25F, .bits = 4, .is_signed = true});
  const std::string data = save<float>({1, 1, 1, 6}, {-0.25F, 0.125F, 0.375F, 9, -9, 1.3F});
  EXPECT_EQ(resolved({}, {data, ""}, graph).kind, "quantiser");
  const ChosenImages images = choose(graph, data);
  EXPECT_THAT(images.set.values(0), ElementsAre(-1, 0, 2, 7, -8, 5));
  const std::string exact = save<double>({2, 6}, {0.5, -0.5, 0, 1, 1.5, 2, 0, 0, 0, 0, 0, 0.25});
  EXPECT_THAT(choose(graph, exact).set.values(0), ElementsAre(2, -2, 0, 4, 6, 7));
  expect_equivalent(graph, exact);
  EXPECT_EQ(run_report()["inputs"]["preprocess"]["kind"], "quantiser");
  // Channels last, through the Transpose.
  const Graph last = network(
      {.shape = {1, 1, 2, 3}, .perm = kFromLast, .scale = 0.25F, .bits = 4, .is_signed = true});
  EXPECT_THAT(
      choose(last, save<float>({1, 1, 2, 3}, {0.25F, 0.5F, 0.75F, 1, -1, -2})).set.values(0),
      ElementsAre(1, 4, 2, -4, 3, -8));
}

TEST_F(Inputs, AnIdleQuantiserIsLeftOutAndANarrowOneIsNot) {
  Start start{.shape = {1, 1, 1, 6}, .scale = 0.25F, .bits = 4, .is_signed = true};
  const auto quantisers = [](const Graph& graph) {
    return std::ranges::count_if(graph.nodes(), [](const std::unique_ptr<Node>& node) {
      return node->as<ops::Quant>() != nullptr;
    });
  };
  const Preprocess preprocess({.kind = "quantiser"});
  EXPECT_EQ(quantisers(preprocess.in_front_of(network(start))), 2);
  EXPECT_EQ(quantisers(preprocess.built_in_front_of(network(start))), 1);
  start.narrow = true;
  EXPECT_EQ(quantisers(preprocess.built_in_front_of(network(start))), 2);
  expect_equivalent(network(start), "", {"--images", "5", "--preprocess", "quantiser"});
}

TEST_F(Inputs, MadeUpOnesReachAllOfAWideInput) {
  const Graph wide =
      network({.shape = {1, 3, 2, 2}, .scale = 1.0F / 1024, .bits = 12, .is_signed = true});
  EXPECT_EQ(resolved({}, {}, wide).kind, "quantiser");
  const ChosenImages images = choose(wide, "");
  const auto [least, most] = std::ranges::minmax(images.set.values(0));
  EXPECT_EQ(least, -2048);
  EXPECT_EQ(most, 2047);
  expect_equivalent(wide, "", {"--images", "5"});
  EXPECT_EQ(resolved({}, {}, network({.shape = {1, 3, 2, 2}})).kind, "totensor");
  EXPECT_EQ(resolved({}, {}, network({.shape = {1, 3, 4}, .kernel = {1}})).kind, "quantiser");
}

TEST_F(Inputs, IntegersAreTakenAsTheyAre) {
  const Graph graph = network(
      {.shape = {1, 1, 1, 4}, .container = Container::kInt8, .scale = 0.5F, .is_signed = true});
  const std::string data = save<std::int8_t>({2, 1, 1, 4}, {-128, -1, 0, 127, 1, 2, 3, 4});
  EXPECT_THAT(choose(graph, data).set.values(0), ElementsAre(-128, -1, 0, 127));
  expect_equivalent(graph, data);
  expect_equivalent(graph, "", {"--images", "5"});
  EXPECT_THAT(choose(graph, save<float>({1, 4}, {-1, 2, 3, 4})).set.values(0),
              ElementsAre(-1, 2, 3, 4));
  EXPECT_THAT(error(graph, save<std::uint8_t>({1, 4}, {1, 2, 3, 128})),
              AllOf(HasSubstr("hold 128"), HasSubstr("takes INT8, -128 to 127")));
  EXPECT_THAT(error(graph, save<float>({1, 4}, {0, 0, 0x1p40F, 0})),
              HasSubstr("hold 1099511627776, but the network takes INT8"));
  EXPECT_THAT(error(graph, save<float>({1, 4}, {0.5F, 0, 0, 0})),
              HasSubstr("element 0 is 0.5, which int64 does not hold exactly"));
}

TEST_F(Inputs, PicturesBecomeGreyOrColour) {
  fs::create_directories(dir.path() / "set" / "a");
  const std::string data = (dir.path() / "set").string();
  const std::vector<std::uint8_t> colours = {255, 0, 0, 255, 0, 0};  // red and green
  write_png(dir.path() / "set" / "a" / "1.png", 3, 1, 2, colours);
  // 255 * 19595 / 65536 = 76.2 and 255 * 38470 / 65536 = 149.7.
  const ChosenImages grey = choose(network({.shape = {1, 1, 1, 2}}), data);
  EXPECT_THAT(grey.set.values(0), ElementsAre(76, 150));
  EXPECT_THAT(grey.set.name, HasSubstr("as grey"));
  EXPECT_THAT(choose(network({.shape = {1, 3, 1, 2}}), data).set.values(0),
              ElementsAre(255, 0, 0, 255, 0, 0));
  write_png(dir.path() / "set" / "a" / "1.png", 1, 1, 2, std::vector<std::uint8_t>{7, 9});
  EXPECT_THAT(choose(network({.shape = {1, 1, 2, 3}, .perm = kFromLast}), data).set.values(0),
              ElementsAre(7, 9, 7, 9, 7, 9));
}

TEST_F(Inputs, DataOfMoreClassesThanTheNetworkAreRefused) {
  for (const char* name : {"a", "b", "c"}) {
    fs::create_directories(dir.path() / "set" / name);
    write_png(dir.path() / "set" / name / "1.png", 1, 1, 2, std::vector<std::uint8_t>{7, 9});
  }
  const Graph graph = network({.shape = {1, 1, 1, 2}});
  EXPECT_THAT(error(graph, (dir.path() / "set").string()),
              HasSubstr("has 3 classes, but the network has 2"));
  fs::remove_all(dir.path() / "set" / "b");
  fs::remove_all(dir.path() / "set" / "c");
  const ChosenImages images = choose(graph, (dir.path() / "set").string());
  EXPECT_THAT(class_note(images, graph), HasSubstr("has 1 classes, the network 2"));
}

TEST_F(Inputs, FloatsWithoutAQuantiserOfTheirOwnAreRefused) {
  const Graph graph = network({.shape = {1, 1, 1, 2}, .scale = 0});
  const std::string data = save<float>({1, 1, 1, 2}, {0.5F, 1});
  EXPECT_THAT(error(graph, data), AllOf(HasSubstr("element 0 is 0.5"), HasSubstr("no pixel / 255"),
                                        HasSubstr("--preprocess quantiser")));
  EXPECT_THAT(error(graph, data, {.kind = "quantiser"}),
              HasSubstr("input 'x' does not go straight, and alone, into a quantiser"));
  EXPECT_THAT(error(graph, data, {.kind = "normalize", .mean = {"0"}, .std = {"1"}}),
              HasSubstr("the images are the integers in front of it"));
  const Graph quantised = network({.shape = {1, 1, 1, 2}, .scale = 0.25F});
  EXPECT_THAT(error(quantised, save<float>({1, 1, 1, 2}, {NAN, 1})),
              HasSubstr("element 0 is nan, which no quantiser takes"));
  EXPECT_THAT(error(quantised, save<double>({1, 1, 1, 2}, {0.1, 1})),
              HasSubstr("element 0 is 0.1, which float32 does not hold exactly"));
}

}  // namespace
}  // namespace assay
