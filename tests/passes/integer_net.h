// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "compile/passes/cleanup/infer_data_types.h"
#include "golden/exact/executor.h"
#include "passes/pass_check.h"

/// Integer graphs made by hand, and their execution before and after a pass.
namespace assay {

/// A network of integers under construction.
class IntegerNet : public Net {
 public:
  Tensor* pixels(Shape shape, DataType dtype = DataType::uint(8)) {
    Tensor* x = input(std::move(shape));
    x->dtype = dtype;
    return x;
  }
  /// A constant of integers in float32's container.
  Tensor* values(Shape shape, std::vector<std::int64_t> integers) {
    const auto [lo, hi] = std::ranges::minmax(integers);
    Tensor* tensor = graph.add_constant("w", Constant(std::move(shape), std::move(integers)));
    tensor->container = Container::kFloat32;
    tensor->dtype = DataType::smallest_for(lo, hi);
    return tensor;
  }
  Tensor* random_values(Shape shape, std::int64_t lo, std::int64_t hi, std::mt19937& random) {
    std::uniform_int_distribution<std::int64_t> pick(lo, hi);
    std::vector<std::int64_t> integers;
    for (std::int64_t i = 0; i < element_count(shape); ++i) integers.push_back(pick(random));
    return values(std::move(shape), std::move(integers));
  }
  Tensor* random_signs(Shape shape, std::mt19937& random) {
    std::vector<std::int64_t> integers;
    for (std::int64_t i = 0; i < element_count(shape); ++i)
      integers.push_back(random() % 2 == 0 ? 1 : -1);
    Tensor* tensor = values(std::move(shape), std::move(integers));
    tensor->dtype = DataType::bipolar();
    return tensor;
  }
  /// Thresholds of `steps` steps per channel, ascending, within [lo, hi].
  Tensor* thresholds(Tensor* x, std::int64_t channels, std::int64_t steps, std::int64_t lo,
                     std::int64_t hi, std::mt19937& random, std::string_view name = "q") {
    std::uniform_int_distribution<std::int64_t> pick(lo, hi);
    std::vector<std::int64_t> all;
    for (std::int64_t c = 0; c < channels; ++c) {
      std::vector<std::int64_t> row;
      for (std::int64_t k = 0; k < steps; ++k) row.push_back(pick(random));
      std::ranges::sort(row);
      all.insert(all.end(), row.begin(), row.end());
    }
    ops::MultiThreshold op;
    op.out_dtype = DataType::smallest_for(0, steps);
    Tensor* out = add(op, {x, values({channels, steps}, all)}, name);
    out->dtype = op.out_dtype;
    return out;
  }
  /// A sign per channel.
  Tensor* signs(Tensor* x, std::int64_t channels, std::int64_t lo, std::int64_t hi,
                std::mt19937& random, std::string_view name = "s") {
    Tensor* out = thresholds(x, channels, 1, lo, hi, random, name);
    auto* op = out->producer->as<ops::MultiThreshold>();
    op->out_scale = 2;
    op->out_bias = -1;
    op->out_dtype = out->dtype = DataType::bipolar();
    return out;
  }
  /// Ends the network; its checkpoints are the outputs of thresholds, the input and the output.
  Graph& finish_integers(Tensor* output) {
    graph.add_output(output);
    infer_shapes(graph);
    PassContext context;
    infer_data_types(graph, context);
    mark_checkpoints(graph);
    for (Checkpoint& checkpoint : graph.checkpoints()) {
      if (!checkpoint.has_map) continue;
      checkpoint.scale = RealArray(Real(mpq_class(1, 4)));
      checkpoint.offset = RealArray();
      checkpoint.dtype = checkpoint.tensor->dtype;
      checkpoint.unit = checkpoint.scale;
    }
    verify(graph);
    return graph;
  }
};

inline ops::Window window2d(std::int64_t kernel, std::int64_t stride = 1, std::int64_t pad = 0) {
  return {{kernel, kernel}, {stride, stride}, {pad, pad, pad, pad}, {1, 1}};
}
inline ops::Conv conv2d(std::int64_t kernel, std::int64_t stride = 1, std::int64_t pad = 0,
                        std::int64_t group = 1) {
  ops::Conv op;
  op.window = window2d(kernel, stride, pad);
  op.group = group;
  return op;
}

/// One image in the model's order, in the order of the graph's input.
inline std::vector<std::int64_t> as_input(const Tensor& input, std::vector<std::int64_t> image) {
  if (input.layout != Layout::kNHWC && input.layout != Layout::kNWC) return image;
  const Shape& s = *input.shape;
  const std::int64_t channels = s.back(), pixels = element_count(s) / channels;
  std::vector<std::int64_t> out;
  for (std::int64_t p = 0; p < pixels; ++p)
    for (std::int64_t c = 0; c < channels; ++c)
      out.push_back(image[static_cast<std::size_t>(c * pixels + p)]);
  return out;
}

/// The checkpoints of `graph` on one image, as text: integers, or exact reals.
inline std::map<std::string, std::vector<std::string>> checkpoint_texts(
    const Graph& graph, const std::vector<std::int64_t>& image) {
  const Tensor& input = *graph.inputs()[0];
  const ExactExecutor executor(graph, {ExactInput::integers(input.dtype.min(), input.dtype.max())});
  ExactRequest request;
  request.inputs = {{as_input(input, image)}};
  std::map<std::string, std::vector<std::string>> texts;
  for (const CheckpointValue& value : executor.run(request).checkpoints) {
    auto& text = texts[value.checkpoint->name];
    for (const std::int64_t q : value.q) text.push_back(std::to_string(q));
    if (!value.q.empty()) continue;
    for (std::int64_t i = 0; i < value.value.size(); ++i) text.push_back(value.value.real(i).str());
  }
  return texts;
}

/// The names of checkpoints that differ between two graphs on `rounds` random images.
inline std::vector<std::string> differing_checkpoints(const Graph& before, const Graph& after,
                                                      unsigned seed = 1, int rounds = 4) {
  std::mt19937 random(seed);
  std::set<std::string> names;
  const Tensor& input = *before.inputs()[0];
  std::uniform_int_distribution<std::int64_t> pick(input.dtype.min(), input.dtype.max());
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::int64_t> image;
    for (std::int64_t i = 0; i < element_count(*input.shape); ++i) image.push_back(pick(random));
    if (input.dtype == DataType::bipolar())
      for (std::int64_t& value : image) value = value < 0 ? -1 : 1;
    const auto expected = checkpoint_texts(before, image), got = checkpoint_texts(after, image);
    for (const auto& [name, text] : expected) {
      EXPECT_FALSE(text.empty()) << name;
      if (!got.contains(name) || got.at(name) != text) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

/// Runs a step of streamlining: it changes the graph and keeps every checkpoint; a second run finds
/// nothing to do.
inline PassReport expect_exact_step(Graph& graph, Pass step, unsigned seed = 1) {
  const Graph before = graph;
  PassContext context, second;
  EXPECT_TRUE(step(graph, context));
  verify(graph);
  EXPECT_FALSE(before.checkpoints().empty());
  EXPECT_EQ(differing_checkpoints(before, graph, seed), std::vector<std::string>{})
      << nodes_text(graph);
  const std::string text = to_text(graph);
  EXPECT_FALSE(step(graph, second));
  EXPECT_EQ(to_text(graph), text);
  return context.report;
}

inline std::size_t count_nodes(const Graph& graph, std::string_view type) {
  return static_cast<std::size_t>(std::ranges::count_if(
      graph.nodes(), [&](const auto& node) { return node->op->type() == type; }));
}

}  // namespace assay
