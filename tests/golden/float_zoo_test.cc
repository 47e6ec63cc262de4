// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "compile/onnx/import.h"
#include "golden/bounds/float_error.h"
#include "golden/data/npy.h"
#include "golden/floating/executor.h"

namespace assay {
namespace {

const std::filesystem::path kZoo = std::filesystem::path(ASSAY_SHARED_DIR) / "zoo";

FloatTensor read_tensor(const std::filesystem::path& path) {
  const NpyArray array = read_npy(path);
  return {array.shape, as_float32(array, path.string())};
}

/// Runs the network with the quantisers' own float32 levels given to the bounds: every tensor must
/// lie within its bound. Returns how many elements were compared.
std::int64_t check_bounds(const Graph& graph, const FloatTensor& x) {
  std::map<const Tensor*, FloatTensor> floats;
  FloatExecutor(graph).run(
      {x}, [&](const Tensor& tensor, const FloatTensor& value) { floats[&tensor] = value; });
  FloatErrorBounds::Integers levels;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.has_map)
      levels[checkpoint.name] = checkpoint_integers(checkpoint, floats.at(checkpoint.tensor));
  EXPECT_FALSE(levels.empty());
  std::int64_t compared = 0;
  for (const auto& [tensor, bound] : FloatErrorBounds(graph).evaluate({x}, {}, levels)) {
    std::int64_t outside = 0;
    for (std::size_t i = 0; i < bound.value.size(); ++i, ++compared) {
      const double difference =
          std::fabs(static_cast<double>(floats.at(tensor).data[i]) - bound.value[i]);
      if (!(difference <= bound.error[i])) ++outside;
    }
    EXPECT_EQ(outside, 0) << tensor->name;
  }
  return compared;
}

TEST(FloatZoo, ReproducesTheExportersOwnResults) {
  if (!std::filesystem::exists(kZoo / "dialects")) GTEST_SKIP() << "no zoo at " << kZoo;
  int networks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kZoo / "dialects")) {
    SCOPED_TRACE(entry.path());
    const Graph graph = import_model(entry.path() / "model.onnx");
    const FloatTensor x = read_tensor(entry.path() / "x.npy"),
                      y = read_tensor(entry.path() / "y.npy");
    const auto got = FloatExecutor(graph).run({x}).at(0);
    ASSERT_EQ(got.shape, y.shape);
    const float largest =
        std::fabs(*std::ranges::max_element(y.data, {}, [](float v) { return std::fabs(v); }));
    for (std::size_t i = 0; i < y.data.size(); ++i)
      EXPECT_NEAR(got.data[i], y.data[i], 1e-5F * largest);
    ++networks;
  }
  EXPECT_GE(networks, 4);
}

TEST(FloatZoo, StaysWithinTheErrorBoundsOfEveryTensor) {
  if (!std::filesystem::exists(kZoo / "dialects")) GTEST_SKIP() << "no zoo at " << kZoo;
  for (const auto& entry : std::filesystem::directory_iterator(kZoo / "dialects")) {
    SCOPED_TRACE(entry.path());
    EXPECT_GT(check_bounds(import_model(entry.path() / "model.onnx"),
                           read_tensor(entry.path() / "x.npy")),
              1000);
  }
}

TEST(FloatZooNightly, StaysWithinTheErrorBoundsOnWholeNetworks) {
  if (!std::filesystem::exists(kZoo)) GTEST_SKIP() << "no zoo at " << kZoo;
  std::mt19937 random(9);
  for (const char* name :
       {"resnet8_w4a4", "mobilenet_w4a4", "resnet18norm_w2a2", "cnv_w1a1", "tfc_w1a1", "tfc_w2a2"})
    for (const char* form : {"model.qonnx.onnx", "model.qcdq.onnx"}) {
      const auto path = kZoo / name / form;
      if (!std::filesystem::exists(path)) continue;
      SCOPED_TRACE(path);
      const Graph graph = import_model(path);
      FloatTensor x{graph.inputs().at(0)->shape.value(), {}};
      for (std::int64_t i = 0; i < element_count(x.shape); ++i)
        x.data.push_back(std::uniform_real_distribution<float>(0, 1)(random));
      EXPECT_GT(check_bounds(graph, x), 1000);
    }
}

}  // namespace
}  // namespace assay
