// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/preprocessing.h"

#include <charconv>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

constexpr float kByteMax = 255;

Graph graph_with_input(std::string_view name, const Shape& shape) {
  Graph graph;
  graph.name = name;
  graph.add_input("global_in", shape)->layout =
      shape.size() == 4 ? Layout::kNCHW : Layout::kUnknown;
  return graph;
}

float parse_float(const std::string& text, std::string_view what) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    user_error("{} '{}' is not a decimal number; write for example 0.4914", what, printable(text));
  return value;
}

Constant per_channel(const Shape& shape, const std::vector<std::string>& texts,
                     std::string_view what) {
  if (shape.size() < 2) user_error("shape {} has no channel axis to normalise", shape_text(shape));
  const auto count = static_cast<std::int64_t>(texts.size());
  if (count != 1 && count != shape[1])
    user_error("{} values for the {} do not fit {} channels; give one value, or one per channel",
               count, what, shape[1]);
  std::vector<float> values;
  for (const std::string& text : texts) values.push_back(parse_float(text, what));
  Shape parameter(shape.size(), 1);
  parameter[1] = count;
  return {parameter, std::move(values)};
}

}  // namespace

Graph to_tensor_graph(const Shape& shape) {
  Graph graph = graph_with_input("ToTensor", shape);
  Tensor* input = graph.inputs()[0];
  input->dtype = DataType::uint(8);
  Tensor* divisor = graph.add_constant("byte_max", Constant({}, std::vector<float>{kByteMax}));
  graph.add_output(graph.add(std::make_unique<ops::Div>(), {input, divisor}, "to_tensor"));
  infer_shapes(graph);
  return graph;
}

Graph normalize_graph(const Shape& shape, const std::vector<std::string>& mean,
                      const std::vector<std::string>& std) {
  Graph graph = graph_with_input("Normalize", shape);
  Constant means = per_channel(shape, mean, "mean"),
           deviations = per_channel(shape, std, "standard deviation");
  for (const float value : deviations.floats())
    if (!(value > 0)) user_error("standard deviation {} is not positive", value);
  Tensor* centred =
      graph.add(std::make_unique<ops::Sub>(),
                {graph.inputs()[0], graph.add_constant("mean", std::move(means))}, "centred");
  Tensor* normalised =
      graph.add(std::make_unique<ops::Div>(),
                {centred, graph.add_constant("std", std::move(deviations))}, "normalised");
  graph.add_output(normalised);
  infer_shapes(graph);
  return graph;
}

}  // namespace assay
