// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "compile/onnx/export.h"

namespace assay {

/// What a test may change in the tiny network.
struct TinyOptions {
  float first_scale = 0.125F;  ///< of the first activation quantiser
  float first_weight = 0.5F;   ///< weight (0, 0)
  bool swap_channels = false;  ///< exchange the two filters of the first convolution
  bool second_quantiser = true;
};

/// [1,3,4,4] -> Conv 1x1 to 2 channels -> Quant "act1" (4 bit) -> Flatten -> MatMul to 3 ->
/// Quant "act2" (8 bit) -> MatMul "logits".
inline Graph tiny_network(const TinyOptions& options = {}) {
  Graph graph;
  graph.name = "tiny";
  Tensor* x = graph.add_input("image", {1, 3, 4, 4});
  const auto scalar = [&](const char* name, float value) {
    return graph.add_constant(name, Constant(Shape{}, std::vector<float>{value}));
  };
  const auto quantised = [&](Tensor* value, const char* name, float scale, float bits) {
    auto quant = std::make_unique<ops::Quant>();
    quant->is_signed = false;
    return graph.add(std::move(quant),
                     {value, scalar("scale", scale), scalar("zero", 0), scalar("bits", bits)},
                     name);
  };
  std::vector<float> weights = {options.first_weight, 0.25F, 0.75F, 1.0F, -0.25F, 0.5F};
  if (options.swap_channels) std::rotate(weights.begin(), weights.begin() + 3, weights.end());
  auto conv = std::make_unique<ops::Conv>();
  conv->window = {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* a = graph.add(
      std::move(conv), {x, graph.add_constant("w1", Constant(Shape{2, 3, 1, 1}, weights))}, "conv");
  a = quantised(a, "act1", options.first_scale, 4);
  a = graph.add(std::make_unique<ops::Flatten>(), {a}, "flat");
  std::vector<float> dense;
  for (int i = 0; i < 32 * 3; ++i) dense.push_back(static_cast<float>(i * 7 % 11 - 3) / 8);
  a = graph.add(std::make_unique<ops::MatMul>(),
                {a, graph.add_constant("w2", Constant(Shape{32, 3}, dense))}, "dense");
  if (options.second_quantiser) a = quantised(a, "act2", 0.25F, 8);
  a = graph.add(
      std::make_unique<ops::MatMul>(),
      {a, graph.add_constant("w3", Constant(Shape{3, 3}, std::vector<float>{1, -1, 0.5F, 0.25F, 2,
                                                                            -1, 0.5F, 1, 1.5F}))},
      "logits");
  graph.add_output(a);
  infer_shapes(graph);
  mark_checkpoints(graph);
  graph.sort();
  verify(graph);
  return graph;
}

/// Saves it and returns the path.
inline std::filesystem::path save_tiny(const std::filesystem::path& path,
                                       const TinyOptions& options = {}) {
  export_model(tiny_network(options), path);
  return path;
}

}  // namespace assay
