// SPDX-License-Identifier: Apache-2.0
// Small networks of several exporters: float32 evaluation against exact arithmetic, integer by
// integer.
#include <gtest/gtest.h>

#include <iostream>

#include "support/zoo.h"

namespace assay {
namespace {

using assay::testing::shared_path;

/// Compares the integers of every quantiser on one float32 image; returns how many.
std::int64_t compare_modes(const std::filesystem::path& folder) {
  const Graph graph = import_model(folder / "model.onnx");
  const NpyArray array = read_npy(folder / "x.npy");
  const FloatTensor x{array.shape, as_float32(array, "x.npy")};
  EXPECT_EQ(x.shape, graph.inputs().at(0)->shape.value());
  const FloatImages images = exact_images(x.data, x.shape);
  const ExactExecutor exact(graph, {images.input});
  const ExactRun run = exact.run({.inputs = {images.images.at(0)}});
  std::map<const Tensor*, FloatTensor> floats;
  FloatExecutor(graph).run(
      {x}, [&](const Tensor& tensor, const FloatTensor& value) { floats[&tensor] = value; });
  std::int64_t compared = 0, quantisers = 0;
  for (const CheckpointValue& value : run.checkpoints) {
    if (value.checkpoint->kind != Checkpoint::Kind::kActivation) continue;
    ++quantisers;
    const FloatTensor& tensor = floats.at(value.checkpoint->tensor);
    EXPECT_EQ(value.q, checkpoint_integers(*value.checkpoint, tensor)) << value.checkpoint->name;
    EXPECT_EQ(value.q.size(), tensor.data.size());
    compared += static_cast<std::int64_t>(value.q.size());
  }
  EXPECT_GE(quantisers, 4);
  const ExactValue& logits = run.outputs.at(0);
  const FloatTensor& float_logits = floats.at(graph.outputs().at(0));
  for (std::int64_t i = 0; i < logits.size(); ++i)
    EXPECT_NEAR(logits.to_double(i), float_logits.data[static_cast<std::size_t>(i)], 1e-4);
  return compared;
}

TEST(Dialects, EveryQuantiserOfTheFloatReferenceHasTheExactIntegers) {
  if (!std::filesystem::exists(shared_path("zoo/dialects")))
    GTEST_SKIP() << shared_path("zoo/dialects") << " is not there";
  int networks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared_path("zoo/dialects"))) {
    SCOPED_TRACE(entry.path());
    const std::int64_t compared = compare_modes(entry.path());
    EXPECT_GT(compared, 1000);
    std::cout << entry.path().filename().string() << ": " << compared << " integers compared\n";
    ++networks;
  }
  EXPECT_GE(networks, 4);
}

}  // namespace
}  // namespace assay
