// SPDX-License-Identifier: Apache-2.0
// Networks that take several things at once: a picture and a row of numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "data/samples.h"
#include "golden/data/npy.h"
#include "harness/integer_network.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"
#include "harness/run_command.h"
#include "harness/selftest/fault_kinds.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// [1,2,2,3] picture -> Conv 2x2 -> 4 features, [1,3] numbers -> 4 bits -> MatMul to 2, then side by
/// side -> MatMul "logits" to 3. Both go into quantisers of their own: 8 bits, and 4 with a sign.
Graph network_of_two() {
  QuantisedBuilder b;
  b.graph.name = "two";
  Tensor* picture = b.quant(b.graph.add_input("picture", {1, 2, 2, 3}), "pixels", 0.5F, 8, false);
  Tensor* numbers = b.quant(b.graph.add_input("numbers", {1, 3}), "signed", 0.25F, 4, true);
  Tensor* left =
      b.quant(b.conv(picture, b.weights("w1", {2, 2, 2, 2}, 1), 2, 0), "act1", 7.0F, 3, false);
  left = b.graph.add(std::make_unique<ops::Flatten>(), {left}, "flat");
  Tensor* right =
      b.graph.add(std::make_unique<ops::MatMul>(), {numbers, b.weights("w2", {3, 2}, 3)}, "dense");
  right = b.quant(right, "act2", 0.5F, 3, false);
  auto concat = std::make_unique<ops::Concat>();
  concat->axis = 1;
  Tensor* both = b.graph.add(std::move(concat), {left, right}, "both");
  b.graph.add_output(
      b.graph.add(std::make_unique<ops::MatMul>(), {both, b.weights("w3", {6, 3}, 2)}, "logits"));
  infer_shapes(b.graph);
  mark_checkpoints(b.graph);
  b.graph.sort();
  verify(b.graph);
  return std::move(b.graph);
}

class SeveralInputs : public ::testing::Test {
 protected:
  /// Four images: bytes, and eighths, which the network's own quantiser rounds.
  std::string data(const std::string& second = "numbers", std::int64_t images = 4) const {
    std::vector<float> reals, numbers;
    const std::vector<std::uint8_t> labels = {0, 1, 2, 1};
    for (int i = 0; i < 4 * 12; ++i) reals.push_back(static_cast<float>(i * 37 % 256) / 2);
    for (std::int64_t i = 0; i < images * 3; ++i)
      numbers.push_back(static_cast<float>(i * 5 % 17 - 8) / 8);
    write_file(dir.path() / "data.npz",
               zip({{"picture.npy", encode_npy(make_npy<float>({4, 2, 2, 3}, reals))},
                    {second + ".npy", encode_npy(make_npy<float>({images, 3}, numbers))},
                    {"labels.npy", encode_npy(make_npy<std::uint8_t>({4}, labels))}}));
    return (dir.path() / "data.npz").string();
  }
  CommandResult run(std::vector<std::string> more) const {
    export_model(network_of_two(), dir.path() / "net.onnx");
    std::vector<std::string> arguments = {"run", (dir.path() / "net.onnx").string(), "--replace",
                                          "--out", (dir.path() / "out").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay_as_is(arguments);
  }
  static ChosenImages choose(const std::string& path) {
    const Graph graph = network_of_two();
    const ImageChoice choice{path, ""};
    return choose_images(choice, pixel_graph(graph, Preprocess(resolved({}, choice, graph))));
  }
  TempDir dir;
};

TEST_F(SeveralInputs, OfAnImageLieOneAfterAnother) {
  const ChosenImages images = choose(data());
  EXPECT_THAT(images.inputs, ElementsAre("picture", "numbers"));
  EXPECT_EQ(images.size(), 4);
  EXPECT_THAT(images.set.labels, ElementsAre(0, 1, 2, 1));
  // Halves of bytes with a scale of 1/2 are the bytes; eighths -8 -3 2 round to -4 -2 1 quarters.
  EXPECT_THAT(images.set.values(0),
              ElementsAre(0, 37, 74, 111, 148, 185, 222, 3, 40, 77, 114, 151, -4, -2, 1));
}

TEST_F(SeveralInputs, GoThroughAllStagesAndTheRtl) {
  const CommandResult result = run({"--data", data()});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("EQUIVALENT"));
  const Json report = Json::parse(read_file(dir.path() / "out/reports/run.json"));
  EXPECT_THAT(report.at("inputs").at("data").at("inputs"), ElementsAre("picture", "numbers"));
  EXPECT_EQ(report.at("inputs").at("data").at("images"), 4);
  // Its data are found again by who reads the run.
  EXPECT_EQ(run_assay_as_is({"show", (dir.path() / "out").string(), "--check"}).code, 0);
}

TEST_F(SeveralInputs, AreMadeUpWhereNoneAreGiven) {
  const CommandResult result = run({"--images", "5", "--until", "fifos"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("EQUIVALENT"));
}

TEST_F(SeveralInputs, ABitOfTheirImagesIsAFaultThatSelftestPlants) {
  const CommandResult result = run({"--data", data(), "--until", "fifos"});
  ASSERT_EQ(result.code, 0) << result.out << result.err;
  Sandbox box;
  box.add(dir.path() / "out", "run");
  box.add(dir.path() / "data.npz", "data/data.npz");
  const std::vector<FaultKind> kinds = fault_kinds();
  const auto kind = std::ranges::find(kinds, "data", &FaultKind::name);
  ASSERT_NE(kind, kinds.end());
  Draw draw(1);
  EXPECT_TRUE(kind->plant(box, draw));
  EXPECT_NE(box.read("data/data.npz"), read_file(dir.path() / "data.npz"));
}

TEST_F(SeveralInputs, AFaultBehindOneOfThemIsSeen) {
  const CommandResult before = run({"--data", data(), "--until", "fifos"});
  ASSERT_EQ(before.code, 0) << before.out << before.err;
  // Golden of a network whose second input is read the other way round differs.
  Graph graph = network_of_two();
  for (const auto& node : graph.nodes())
    if (node->as<ops::Quant>() && node->inputs[0] == graph.inputs()[1])
      graph.set_input(node.get(), 1,
                      graph.add_constant("other", Constant(Shape{}, std::vector<float>{0.5F})));
  export_model(graph, dir.path() / "other.onnx");
  const CommandResult compared =
      run_assay_as_is({"compare", (dir.path() / "net.onnx").string(),
                       (dir.path() / "other.onnx").string(), "--data", data()});
  EXPECT_EQ(compared.code, 1) << compared.out << compared.err;
}

TEST_F(SeveralInputs, ThatAreMissingOrDoNotFitAreRefused) {
  const auto error = [&](const std::string& path) {
    return message_of<UserError>([&] { choose(path); });
  };
  EXPECT_THAT(error(data("others")), AllOf(HasSubstr("holds no array 'numbers'"),
                                           HasSubstr("it holds 'labels', 'others', 'picture'")));
  EXPECT_THAT(error(data("numbers", 3)), HasSubstr("holds 3 images of 'numbers', but 4 of"));
  const std::string array = (dir.path() / "x.npy").string();
  write_npy(array, make_npy<float>({1, 3}, std::vector<float>{1, 2, 3}));
  EXPECT_THAT(error(array), AllOf(HasSubstr("the network has 2 inputs, such as 'picture'"),
                                  HasSubstr("numpy.savez('data.npz', **{'picture': ..., ...})")));
  export_model(network_of_two(), dir.path() / "net.onnx");
  const CommandResult result =
      run({"--data", data(), "--preprocess", (dir.path() / "net.onnx").string()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("lies in front of one input, but the network 'two' has 2"));
}

TEST_F(SeveralInputs, AreExecutedByTheNamesThatTheNetworkGivesThem) {
  // Names that pre-processing gives to others.
  Graph graph;
  Tensor* a = graph.add_input("global_in", {1, 2});
  Tensor* b = graph.add_input("global_in_0", {1, 2});
  graph.add_output(graph.add(std::make_unique<ops::Sub>(), {a, b}, "difference"));
  infer_shapes(graph);
  mark_checkpoints(graph);
  export_model(graph, dir.path() / "net.onnx");
  const auto save = [&](const char* name, std::uint8_t value) {
    const std::vector<std::uint8_t> bytes = {value, value};
    write_npy(dir.path() / name, make_npy<std::uint8_t>({1, 2}, bytes));
    return (dir.path() / name).string();
  };
  const std::string y = (dir.path() / "y.npy").string();
  const CommandResult result =
      run_assay({"exec", (dir.path() / "net.onnx").string(), "--preprocess", "totensor", "--input",
                 "global_in=" + save("a.npy", 255), "--input", "global_in_0=" + save("b.npy", 0),
                 "--output", y});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(as_float64(read_npy(y), "y"), (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace assay
