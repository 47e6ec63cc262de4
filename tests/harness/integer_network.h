// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "compile/onnx/export.h"

namespace assay {

/// Builds networks of quantised weights and activations.
class QuantisedBuilder {
 public:
  Tensor* scalar(const char* name, float value) {
    return graph.add_constant(name, Constant(Shape{}, std::vector<float>{value}));
  }
  /// A Quant with zero point 0.
  Tensor* quant(Tensor* value, const char* name, float scale, float bits, bool is_signed) {
    auto op = std::make_unique<ops::Quant>();
    op->is_signed = is_signed;
    return graph.add(std::move(op),
                     {value, scalar("scale", scale), scalar("zero", 0), scalar("bits", bits)},
                     name);
  }
  /// Weights of 3 bits: multiples -3..3 of a quarter.
  Tensor* weights(const char* name, Shape shape, int seed) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < element_count(shape); ++i)
      values.push_back(static_cast<float>((i * 5 + seed) % 7 - 3) / 4);
    return quant(graph.add_constant(name, Constant(shape, values)), name, 0.25F, 3, true);
  }
  Tensor* conv(Tensor* x, Tensor* weights, std::int64_t kernel, std::int64_t pad) {
    auto op = std::make_unique<ops::Conv>();
    op->window = {{kernel, kernel}, {1, 1}, {pad, pad, pad, pad}, {1, 1}};
    return graph.add(std::move(op), {x, weights}, "conv");
  }
  Graph graph;
};

/// [1,3,4,4] -> Conv 3x3 padded to 2 channels -> Quant "act1" (3 bit) -> a branch through
/// Conv 1x1, Mul and Add per channel, joined with act1 -> Quant "sum" (3 bit) -> Flatten ->
/// MatMul "logits" to 3. The two branches of the sum have unrelated scales.
/// `first`: which weights the first layer has.
inline Graph integer_network(int first = 1) {
  QuantisedBuilder b;
  b.graph.name = "integer";
  Tensor* x = b.graph.add_input("image", {1, 3, 4, 4});
  Tensor* a =
      b.quant(b.conv(x, b.weights("w1", {2, 3, 3, 3}, first), 3, 1), "act1", 0.3F, 3, false);
  Tensor* branch = b.conv(a, b.weights("w2", {2, 2, 1, 1}, 4), 1, 0);
  const auto per_channel = [&](const char* name, float first, float second) {
    return b.graph.add_constant(name,
                                Constant(Shape{1, 2, 1, 1}, std::vector<float>{first, second}));
  };
  branch =
      b.graph.add(std::make_unique<ops::Mul>(), {branch, per_channel("g", 0.7F, -1.3F)}, "mul");
  branch =
      b.graph.add(std::make_unique<ops::Add>(), {branch, per_channel("b", 0.11F, 0.2F)}, "add");
  Tensor* sum = b.graph.add(std::make_unique<ops::Add>(), {branch, a}, "join");
  sum = b.quant(sum, "sum", 0.41F, 3, false);
  Tensor* flat = b.graph.add(std::make_unique<ops::Flatten>(), {sum}, "flat");
  b.graph.add_output(
      b.graph.add(std::make_unique<ops::MatMul>(), {flat, b.weights("w3", {32, 3}, 2)}, "logits"));
  infer_shapes(b.graph);
  mark_checkpoints(b.graph);
  b.graph.sort();
  verify(b.graph);
  return std::move(b.graph);
}

/// Saves it and returns the path.
inline std::filesystem::path save_integer_network(const std::filesystem::path& path,
                                                  int first = 1) {
  export_model(integer_network(first), path);
  return path;
}

}  // namespace assay
